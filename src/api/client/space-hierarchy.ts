import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v1 } from '../paths.ts';
import { PublicRoomsChunkSchema, RoomIdSchema, StrippedStateSchema } from '../schemas.ts';
import { summaryFields } from './room-summary.ts';

/**
 * The rooms of a space, depth first.
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidhierarchy
 */
export const getSpaceHierarchy = endpoint({
  operationId: 'getSpaceHierarchy',
  method: 'GET',
  ...v1('/rooms/{roomId}/hierarchy'),
  auth: 'user',
  guests: true,
  rateLimit: 'rc_read',
  params: Type.Object({ roomId: RoomIdSchema }),
  query: Type.Object({
    suggested_only: Type.Optional(Type.Boolean()),
    limit: Type.Optional(Type.Integer({ minimum: 1 })),
    max_depth: Type.Optional(Type.Integer({ minimum: 0 })),
    from: Type.Optional(Type.String()),
    /**
     * Servers to ask about a space that this server is not in.
     * https://github.com/matrix-org/matrix-spec-proposals/pull/4235
     */
    via: Type.Optional(Type.Array(Type.String())),
    'org.matrix.msc4235.via': Type.Optional(Type.Array(Type.String())),
  }),
  response: Type.Object({
    rooms: Type.Array(
      Type.Object({
        ...PublicRoomsChunkSchema.properties,
        ...summaryFields,
        /** The `m.space.child` events. */
        children_state: Type.Array(
          Type.Object({ ...StrippedStateSchema.properties, origin_server_ts: Type.Integer() }),
        ),
      }),
    ),
    next_batch: Type.Optional(Type.String()),
  }),
});
