import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { ClientEventSchema, MembershipSchema, RoomIdSchema } from '../schemas.ts';

/**
 * New events of the user's rooms or, with `room_id`, of one room that may be only peeked into (the specification's
 * `peekEvents`, the same route). https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3events
 */
export const getEvents = endpoint({
  operationId: 'getEvents',
  method: 'GET',
  ...v3('/events', { apiV1: true }),
  auth: 'user',
  guests: true,
  deprecated: true,
  query: Type.Object({
    from: Type.Optional(Type.String()),
    /** How long to wait for something new, in milliseconds. */
    timeout: Type.Optional(Type.Integer({ minimum: 0 })),
    room_id: Type.Optional(RoomIdSchema),
  }),
  response: Type.Object({
    start: Type.Optional(Type.String()),
    end: Type.Optional(Type.String()),
    chunk: Type.Optional(Type.Array(ClientEventSchema)),
  }),
});

/** One event, whatever its room. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3eventseventid */
export const getOneEvent = endpoint({
  operationId: 'getOneEvent',
  method: 'GET',
  ...v3('/events/{eventId}', { apiV1: true }),
  auth: 'user',
  deprecated: true,
  params: Type.Object({ eventId: Type.String() }),
  response: ClientEventSchema,
});

/**
 * All rooms with their state and latest events.
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3initialsync
 */
export const initialSync = endpoint({
  operationId: 'initialSync',
  method: 'GET',
  ...v3('/initialSync', { apiV1: true }),
  auth: 'user',
  deprecated: true,
  query: Type.Object({
    /** Messages a room. */
    limit: Type.Optional(Type.Integer({ minimum: 0 })),
    archived: Type.Optional(Type.Boolean()),
  }),
  response: Type.Object({
    end: Type.String(),
    presence: Type.Array(ClientEventSchema),
    rooms: Type.Array(
      Type.Object({
        room_id: RoomIdSchema,
        membership: MembershipSchema,
        invite: Type.Optional(ClientEventSchema),
        messages: Type.Optional(
          Type.Object({
            start: Type.Optional(Type.String()),
            end: Type.String(),
            chunk: Type.Array(ClientEventSchema),
          }),
        ),
        state: Type.Optional(Type.Array(ClientEventSchema)),
        visibility: Type.Optional(Type.Union([Type.Literal('private'), Type.Literal('public')])),
        account_data: Type.Optional(Type.Array(ClientEventSchema)),
      }),
    ),
    account_data: Type.Optional(Type.Array(ClientEventSchema)),
  }),
});
