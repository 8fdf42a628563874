import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v1 } from '../paths.ts';
import { ClientEventSchema, RoomIdSchema } from '../schemas.ts';

/**
 * The roots of a room's threads, latest activity first.
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidthreads
 */
export const getThreadRoots = endpoint({
  operationId: 'getThreadRoots',
  method: 'GET',
  ...v1('/rooms/{roomId}/threads'),
  auth: 'user',
  rateLimit: 'rc_read',
  params: Type.Object({ roomId: RoomIdSchema }),
  query: Type.Object({
    include: Type.Optional(Type.Union([Type.Literal('all'), Type.Literal('participated')])),
    limit: Type.Optional(Type.Integer({ minimum: 1 })),
    from: Type.Optional(Type.String()),
  }),
  response: Type.Object({ chunk: Type.Array(ClientEventSchema), next_batch: Type.Optional(Type.String()) }),
});
