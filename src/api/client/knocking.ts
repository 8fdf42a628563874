import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { optionalBody, RoomIdOrAliasSchema, RoomIdSchema } from '../schemas.ts';

/** Asks to be let into a room. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3knockroomidoralias */
export const knockRoom = endpoint({
  operationId: 'knockRoom',
  method: 'POST',
  ...v3('/knock/{roomIdOrAlias}'),
  auth: 'user',
  rateLimit: 'rc_joins',
  params: Type.Object({ roomIdOrAlias: RoomIdOrAliasSchema }),
  query: Type.Object({
    /** Servers to knock through. A name that is none is passed over. */
    via: Type.Optional(Type.Array(Type.String())),
    /** What `via` was called before v1.12; read only where `via` is absent. */
    server_name: Type.Optional(Type.Array(Type.String())),
  }),
  body: optionalBody(Type.Object({ reason: Type.Optional(Type.String()) })),
  response: Type.Object({ room_id: RoomIdSchema }),
});
