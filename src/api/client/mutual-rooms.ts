import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v1 } from '../paths.ts';
import { RoomIdSchema, UserIdSchema } from '../schemas.ts';

/** The rooms shared with another user. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1mutual_rooms */
export const getMutualRooms = endpoint({
  operationId: 'getMutualRooms',
  method: 'GET',
  ...v1('/mutual_rooms', {
    also: [
      '/_matrix/client/unstable/mutual_rooms',
      // https://github.com/matrix-org/matrix-spec-proposals/pull/2666
      '/_matrix/client/unstable/uk.half-shot.msc2666/user/mutual_rooms',
    ],
  }),
  auth: 'user',
  rateLimit: 'rc_read',
  query: Type.Object({
    user_id: UserIdSchema,
    from: Type.Optional(Type.String()),
    /** What the proposal's drafts called `from`. */
    batch_token: Type.Optional(Type.String()),
  }),
  response: Type.Object({
    joined: Type.Array(RoomIdSchema),
    count: Type.Integer(),
    next_batch: Type.Optional(Type.String()),
    /** What the proposal's drafts called `next_batch`. */
    next_batch_token: Type.Optional(Type.String()),
  }),
});
