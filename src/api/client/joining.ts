import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { JsonObjectSchema, optionalBody, RoomIdOrAliasSchema, RoomIdSchema, UserIdSchema } from '../schemas.ts';

const body = optionalBody(
  Type.Object({
    /** Proves that the joining user owns the third-party identifier that was invited. */
    third_party_signed: Type.Optional(
      Type.Object({
        sender: UserIdSchema,
        mxid: UserIdSchema,
        token: Type.String(),
        signatures: JsonObjectSchema,
      }),
    ),
    reason: Type.Optional(Type.String()),
  }),
);
const response = Type.Object({ room_id: RoomIdSchema });

/** Joins a room by its id. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidjoin */
export const joinRoomById = endpoint({
  operationId: 'joinRoomById',
  method: 'POST',
  ...v3('/rooms/{roomId}/join', { apiV1: true }),
  auth: 'user',
  guests: true,
  rateLimit: 'rc_joins',
  params: Type.Object({ roomId: RoomIdSchema }),
  body,
  response,
});

/** Joins a room by its id or an alias. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3joinroomidoralias */
export const joinRoom = endpoint({
  operationId: 'joinRoom',
  method: 'POST',
  ...v3('/join/{roomIdOrAlias}', { apiV1: true }),
  auth: 'user',
  guests: true,
  rateLimit: 'rc_joins',
  params: Type.Object({ roomIdOrAlias: RoomIdOrAliasSchema }),
  query: Type.Object({
    /** Servers to join through. A name that is none is passed over. */
    via: Type.Optional(Type.Array(Type.String())),
    /** What `via` was called before v1.12; read only where `via` is absent. */
    server_name: Type.Optional(Type.Array(Type.String())),
  }),
  body,
  response,
});

/** Joins a room by its id, once for each transaction id. Not in the specification. */
export const joinRoomByIdLegacy = endpoint({
  ...joinRoomById,
  ...v3('/rooms/{roomId}/join/{txnId}', { apiV1: true }),
  operationId: 'joinRoomByIdLegacy',
  method: 'PUT',
  deprecated: true,
  params: Type.Object({ roomId: RoomIdSchema, txnId: Type.String() }),
});

/** Joins a room by its id or an alias, once for each transaction id. Not in the specification. */
export const joinRoomLegacy = endpoint({
  ...joinRoom,
  ...v3('/join/{roomIdOrAlias}/{txnId}', { apiV1: true }),
  operationId: 'joinRoomLegacy',
  method: 'PUT',
  deprecated: true,
  params: Type.Object({ roomIdOrAlias: RoomIdOrAliasSchema, txnId: Type.String() }),
});
