import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { ClientEventSchema, Direction, RoomIdSchema } from '../schemas.ts';

/** A page of a room's timeline. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidmessages */
export const getRoomEvents = endpoint({
  operationId: 'getRoomEvents',
  method: 'GET',
  ...v3('/rooms/{roomId}/messages', { apiV1: true }),
  auth: 'user',
  guests: true,
  params: Type.Object({ roomId: RoomIdSchema }),
  query: Type.Object({
    from: Type.Optional(Type.String()),
    to: Type.Optional(Type.String()),
    /** Required by the specification; old clients leave it out and mean `f`. */
    dir: Type.Optional(Direction),
    limit: Type.Optional(Type.Integer({ minimum: 0 })),
    /** A `RoomEventFilter` as JSON. */
    filter: Type.Optional(Type.String()),
  }),
  response: Type.Object({
    start: Type.String(),
    end: Type.Optional(Type.String()),
    chunk: Type.Array(ClientEventSchema),
    state: Type.Optional(Type.Array(ClientEventSchema)),
  }),
});
