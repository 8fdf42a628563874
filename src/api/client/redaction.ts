import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { EventIdSchema, RoomIdSchema } from '../schemas.ts';

const body = Type.Object({
  reason: Type.Optional(Type.String()),
  /** Also redacts what relates to the event by these types. https://github.com/matrix-org/matrix-spec-proposals/pull/3912 */
  with_relations: Type.Optional(Type.Array(Type.String())),
  'org.matrix.msc3912.with_relations': Type.Optional(Type.Array(Type.String())),
});
const response = Type.Object({ event_id: EventIdSchema });

/**
 * Redacts an event; suspended users redact their own only.
 * https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidredacteventidtxnid
 */
export const redactEvent = endpoint({
  operationId: 'redactEvent',
  method: 'PUT',
  ...v3('/rooms/{roomId}/redact/{eventId}/{txnId}', { apiV1: true }),
  auth: 'user',
  suspended: true,
  // Of somebody else's event; that of one's own takes from `rc_message`. The handler knows which.
  rateLimit: 'rc_admin_redaction',
  params: Type.Object({ roomId: RoomIdSchema, eventId: Type.String(), txnId: Type.String() }),
  body,
  response,
});

/** Redacts an event without a transaction id, as old bots do. Not in the specification. */
export const redactEventLegacy = endpoint({
  operationId: 'redactEventLegacy',
  method: 'POST',
  ...v3('/rooms/{roomId}/redact/{eventId}', { apiV1: true }),
  auth: 'user',
  suspended: true,
  rateLimit: 'rc_admin_redaction',
  deprecated: true,
  params: Type.Object({ roomId: RoomIdSchema, eventId: Type.String() }),
  body,
  response,
});
