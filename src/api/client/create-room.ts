import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { JsonObjectSchema, RoomIdSchema, UserIdSchema } from '../schemas.ts';

/** Makes a room. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3createroom */
export const createRoom = endpoint({
  operationId: 'createRoom',
  method: 'POST',
  ...v3('/createRoom', { apiV1: true }),
  auth: 'user',
  rateLimit: 'rc_room_creation',
  body: Type.Object({
    /** Whether to list the room in the directory: `public`, or anything else for not. */
    visibility: Type.Optional(Type.String()),
    /** The localpart of an alias on this server. */
    room_alias_name: Type.Optional(Type.String()),
    name: Type.Optional(Type.String()),
    topic: Type.Optional(Type.String()),
    invite: Type.Optional(Type.Array(UserIdSchema)),
    invite_3pid: Type.Optional(
      Type.Array(
        Type.Object({
          id_server: Type.String(),
          id_access_token: Type.String(),
          medium: Type.String(),
          address: Type.String(),
        }),
      ),
    ),
    room_version: Type.Optional(Type.String()),
    creation_content: Type.Optional(JsonObjectSchema),
    initial_state: Type.Optional(
      Type.Array(
        Type.Object({
          type: Type.String(),
          /** The empty string where left out. */
          state_key: Type.Optional(Type.String()),
          content: JsonObjectSchema,
        }),
      ),
    ),
    preset: Type.Optional(
      Type.Union([Type.Literal('private_chat'), Type.Literal('public_chat'), Type.Literal('trusted_private_chat')]),
    ),
    is_direct: Type.Optional(Type.Boolean()),
    power_level_content_override: Type.Optional(JsonObjectSchema),
  }),
  response: Type.Object({ room_id: RoomIdSchema }),
});

/** Makes a room, once for each transaction id. Not in the specification. */
export const createRoomLegacy = endpoint({
  ...createRoom,
  ...v3('/createRoom/{txnId}', { apiV1: true }),
  operationId: 'createRoomLegacy',
  method: 'PUT',
  deprecated: true,
  params: Type.Object({ txnId: Type.String() }),
});
