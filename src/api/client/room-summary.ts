import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v1 } from '../paths.ts';
import { MembershipSchema, PublicRoomsChunkSchema, RoomIdOrAliasSchema, RoomIdSchema } from '../schemas.ts';

/** The fields that a room's summary has beyond the room directory's. */
export const summaryFields = {
  allowed_room_ids: Type.Optional(Type.Array(RoomIdSchema)),
  encryption: Type.Optional(Type.String()),
  room_version: Type.Optional(Type.String()),
};

/**
 * What one may know of a room before joining.
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1room_summaryroomidoralias
 */
export const getRoomSummary = endpoint({
  operationId: 'getRoomSummary',
  method: 'GET',
  ...v1('/room_summary/{roomIdOrAlias}', {
    // https://github.com/matrix-org/matrix-spec-proposals/pull/3266
    also: [
      '/_matrix/client/unstable/im.nheko.summary/summary/{roomIdOrAlias}',
      '/_matrix/client/unstable/im.nheko.summary/rooms/{roomIdOrAlias}/summary',
    ],
  }),
  auth: 'optional',
  guests: true,
  rateLimit: 'rc_read',
  params: Type.Object({ roomIdOrAlias: RoomIdOrAliasSchema }),
  query: Type.Object({ via: Type.Optional(Type.Array(Type.String())) }),
  response: Type.Object({
    ...PublicRoomsChunkSchema.properties,
    ...summaryFields,
    /** The requester's; absent where there is no token. */
    membership: Type.Optional(MembershipSchema),
    // What the proposal's drafts called `encryption` and `room_version`; clients of the unstable paths read these.
    'im.nheko.summary.encryption': Type.Optional(Type.String()),
    'im.nheko.summary.room_version': Type.Optional(Type.String()),
  }),
});
