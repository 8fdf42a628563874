import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { ClientEventSchema, RoomIdSchema } from '../schemas.ts';

/** An event, with what came before and after it. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidcontexteventid */
export const getEventContext = endpoint({
  operationId: 'getEventContext',
  method: 'GET',
  ...v3('/rooms/{roomId}/context/{eventId}', { apiV1: true }),
  auth: 'user',
  guests: true,
  params: Type.Object({ roomId: RoomIdSchema, eventId: Type.String() }),
  query: Type.Object({
    /** The most events to return, `event` not counted. 10 where left out. */
    limit: Type.Optional(Type.Integer({ minimum: 0 })),
    /** A `RoomEventFilterSchema` as JSON. */
    filter: Type.Optional(Type.String()),
  }),
  response: Type.Object({
    start: Type.String(),
    end: Type.String(),
    /** Newest first. */
    events_before: Type.Array(ClientEventSchema),
    event: ClientEventSchema,
    /** Oldest first. */
    events_after: Type.Array(ClientEventSchema),
    /** At the last event returned. */
    state: Type.Array(ClientEventSchema),
  }),
});
