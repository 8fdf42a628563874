import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { EventIdSchema, JsonObjectSchema, RoomIdSchema } from '../schemas.ts';

const query = Type.Object({
  /**
   * For appservices: the event's `origin_server_ts`.
   * https://spec.matrix.org/v1.19/application-service-api/#timestamp-massaging
   */
  ts: Type.Optional(Type.Integer({ minimum: 0 })),
  /** Milliseconds to hold the event back. https://github.com/matrix-org/matrix-spec-proposals/pull/4140 */
  'org.matrix.msc4140.delay': Type.Optional(Type.Integer()),
  /** Milliseconds for which the event is sticky. https://github.com/matrix-org/matrix-spec-proposals/pull/4354 */
  'org.matrix.msc4354.sticky_duration_ms': Type.Optional(Type.Integer()),
});

/** A delayed event has no event id yet. */
const response = Type.Union([Type.Object({ event_id: EventIdSchema }), Type.Object({ delay_id: Type.String() })]);

/**
 * Sends a message event.
 * https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid
 */
export const sendMessage = endpoint({
  operationId: 'sendMessage',
  method: 'PUT',
  ...v3('/rooms/{roomId}/send/{eventType}/{txnId}', { apiV1: true }),
  auth: 'user',
  guests: true,
  rateLimit: 'rc_message',
  params: Type.Object({ roomId: RoomIdSchema, eventType: Type.String(), txnId: Type.String() }),
  query,
  body: JsonObjectSchema,
  response,
});

/** Sends a message event without a transaction id, as old bots do: each request is a new event. Not in the specification. */
export const sendMessageLegacy = endpoint({
  operationId: 'sendMessageLegacy',
  method: 'POST',
  ...v3('/rooms/{roomId}/send/{eventType}', { apiV1: true }),
  auth: 'user',
  guests: true,
  rateLimit: 'rc_message',
  deprecated: true,
  params: Type.Object({ roomId: RoomIdSchema, eventType: Type.String() }),
  query,
  body: JsonObjectSchema,
  response,
});
