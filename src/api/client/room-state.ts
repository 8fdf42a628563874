import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { EventIdSchema, JsonObjectSchema, RoomIdSchema } from '../schemas.ts';

const withoutKey = v3('/rooms/{roomId}/state/{eventType}', { apiV1: true });

/**
 * Sends a state event. An absent `stateKey` is the empty one.
 * https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidstateeventtypestatekey
 */
export const setRoomStateWithKey = endpoint({
  operationId: 'setRoomStateWithKey',
  method: 'PUT',
  ...v3('/rooms/{roomId}/state/{eventType}/{stateKey?}', {
    apiV1: true,
    also: [withoutKey.path, ...withoutKey.aliases],
  }),
  auth: 'user',
  guests: true,
  rateLimit: 'rc_message',
  params: Type.Object({ roomId: RoomIdSchema, eventType: Type.String(), stateKey: Type.Optional(Type.String()) }),
  query: Type.Object({
    /**
     * For appservices: the event's `origin_server_ts`.
     * https://spec.matrix.org/v1.19/application-service-api/#timestamp-massaging
     */
    ts: Type.Optional(Type.Integer({ minimum: 0 })),
    /** Milliseconds to hold the event back. https://github.com/matrix-org/matrix-spec-proposals/pull/4140 */
    'org.matrix.msc4140.delay': Type.Optional(Type.Integer()),
    /** Milliseconds for which the event is sticky. https://github.com/matrix-org/matrix-spec-proposals/pull/4354 */
    'org.matrix.msc4354.sticky_duration_ms': Type.Optional(Type.Integer()),
  }),
  body: JsonObjectSchema,
  // A delayed event has no event id yet.
  response: Type.Union([Type.Object({ event_id: EventIdSchema }), Type.Object({ delay_id: Type.String() })]),
});
