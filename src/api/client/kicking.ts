import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { RoomIdSchema, UserIdSchema } from '../schemas.ts';

/** Removes a user from a room. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidkick */
export const kick = endpoint({
  operationId: 'kick',
  method: 'POST',
  ...v3('/rooms/{roomId}/kick', { apiV1: true }),
  auth: 'user',
  rateLimit: 'rc_message',
  params: Type.Object({ roomId: RoomIdSchema }),
  body: Type.Object({ user_id: UserIdSchema, reason: Type.Optional(Type.String()) }),
});

/** Removes a user from a room, once for each transaction id. Not in the specification. */
export const kickLegacy = endpoint({
  ...kick,
  ...v3('/rooms/{roomId}/kick/{txnId}', { apiV1: true }),
  operationId: 'kickLegacy',
  method: 'PUT',
  deprecated: true,
  params: Type.Object({ roomId: RoomIdSchema, txnId: Type.String() }),
});
