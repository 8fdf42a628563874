import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { RoomIdSchema, UserIdSchema } from '../schemas.ts';

const body = Type.Object({ user_id: UserIdSchema, reason: Type.Optional(Type.String()) });

/** Bans a user from a room. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidban */
export const ban = endpoint({
  operationId: 'ban',
  method: 'POST',
  ...v3('/rooms/{roomId}/ban', { apiV1: true }),
  auth: 'user',
  rateLimit: 'rc_message',
  params: Type.Object({ roomId: RoomIdSchema }),
  body,
});

/** Lifts a ban. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidunban */
export const unban = endpoint({
  operationId: 'unban',
  method: 'POST',
  ...v3('/rooms/{roomId}/unban', { apiV1: true }),
  auth: 'user',
  rateLimit: 'rc_message',
  params: Type.Object({ roomId: RoomIdSchema }),
  body,
});

/** Bans a user, once for each transaction id. Not in the specification. */
export const banLegacy = endpoint({
  ...ban,
  ...v3('/rooms/{roomId}/ban/{txnId}', { apiV1: true }),
  operationId: 'banLegacy',
  method: 'PUT',
  deprecated: true,
  params: Type.Object({ roomId: RoomIdSchema, txnId: Type.String() }),
});

/** Lifts a ban, once for each transaction id. Not in the specification. */
export const unbanLegacy = endpoint({
  ...unban,
  ...v3('/rooms/{roomId}/unban/{txnId}', { apiV1: true }),
  operationId: 'unbanLegacy',
  method: 'PUT',
  deprecated: true,
  params: Type.Object({ roomId: RoomIdSchema, txnId: Type.String() }),
});
