import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { RoomIdSchema, UserIdSchema } from '../schemas.ts';

/**
 * Invites a user by user id, or whoever owns a third-party identifier: the specification's `inviteUser` and `inviteBy3PID`
 * are one route. Either `user_id` or all of `id_server`, `id_access_token`, `medium`, `address` must be there: the handler
 * answers `M_MISSING_PARAM` where neither is.
 * https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidinvite
 */
export const inviteUser = endpoint({
  operationId: 'inviteUser',
  method: 'POST',
  ...v3('/rooms/{roomId}/invite', { apiV1: true }),
  auth: 'user',
  rateLimit: 'rc_invites',
  params: Type.Object({ roomId: RoomIdSchema }),
  body: Type.Object({
    user_id: Type.Optional(UserIdSchema),
    reason: Type.Optional(Type.String()),
    id_server: Type.Optional(Type.String()),
    id_access_token: Type.Optional(Type.String()),
    medium: Type.Optional(Type.String()),
    address: Type.Optional(Type.String()),
  }),
});

/** Invites, once for each transaction id. Not in the specification. */
export const inviteUserLegacy = endpoint({
  ...inviteUser,
  ...v3('/rooms/{roomId}/invite/{txnId}', { apiV1: true }),
  operationId: 'inviteUserLegacy',
  method: 'PUT',
  deprecated: true,
  params: Type.Object({ roomId: RoomIdSchema, txnId: Type.String() }),
});
