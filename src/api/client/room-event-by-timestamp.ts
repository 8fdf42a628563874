import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v1 } from '../paths.ts';
import { Direction, EventIdSchema, RoomIdSchema } from '../schemas.ts';

/**
 * The event nearest to a time.
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidtimestamp_to_event
 */
export const getEventByTimestamp = endpoint({
  operationId: 'getEventByTimestamp',
  method: 'GET',
  ...v1('/rooms/{roomId}/timestamp_to_event'),
  auth: 'user',
  rateLimit: 'rc_read',
  params: Type.Object({ roomId: RoomIdSchema }),
  query: Type.Object({
    /** In milliseconds since the epoch. */
    ts: Type.Integer({ minimum: 0 }),
    /** Required by the specification; clients that leave it out mean `f`. */
    dir: Type.Optional(Direction),
  }),
  response: Type.Object({ event_id: EventIdSchema, origin_server_ts: Type.Integer() }),
});
