import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v1 } from '../paths.ts';
import { ClientEventSchema, Direction, RoomIdSchema } from '../schemas.ts';

const ofEvent = { roomId: RoomIdSchema, eventId: Type.String() };
const query = Type.Object({
  from: Type.Optional(Type.String()),
  to: Type.Optional(Type.String()),
  limit: Type.Optional(Type.Integer({ minimum: 0 })),
  /** `b` where absent. */
  dir: Type.Optional(Direction),
  /** Whether to include events that relate to the event through others. */
  recurse: Type.Optional(Type.Boolean()),
});
const response = Type.Object({
  chunk: Type.Array(ClientEventSchema),
  next_batch: Type.Optional(Type.String()),
  prev_batch: Type.Optional(Type.String()),
  /** Exactly where `recurse` was given. */
  recursion_depth: Type.Optional(Type.Integer()),
});
const relationsPath = (suffix: string) =>
  v1(`/rooms/{roomId}/relations/{eventId}${suffix}`, {
    also: [`/_matrix/client/unstable/rooms/{roomId}/relations/{eventId}${suffix}`],
  });

/**
 * The events that relate to an event.
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidrelationseventid
 */
export const getRelatingEvents = endpoint({
  operationId: 'getRelatingEvents',
  method: 'GET',
  ...relationsPath(''),
  auth: 'user',
  guests: true,
  params: Type.Object(ofEvent),
  query,
  response,
});

/**
 * The events that relate to an event in one way.
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidrelationseventidreltype
 */
export const getRelatingEventsWithRelType = endpoint({
  operationId: 'getRelatingEventsWithRelType',
  method: 'GET',
  ...relationsPath('/{relType}'),
  auth: 'user',
  guests: true,
  params: Type.Object({ ...ofEvent, relType: Type.String() }),
  query,
  response,
});

/**
 * The events of one type that relate to an event in one way.
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidrelationseventidreltypeeventtype
 */
export const getRelatingEventsWithRelTypeAndEventType = endpoint({
  operationId: 'getRelatingEventsWithRelTypeAndEventType',
  method: 'GET',
  ...relationsPath('/{relType}/{eventType}'),
  auth: 'user',
  guests: true,
  params: Type.Object({ ...ofEvent, relType: Type.String(), eventType: Type.String() }),
  query,
  response,
});
