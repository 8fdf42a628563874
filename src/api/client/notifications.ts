import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { ClientEventSchema, JsonObjectSchema, RoomIdSchema } from '../schemas.ts';

/**
 * The events that the user was notified of.
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3notifications
 */
export const getNotifications = endpoint({
  operationId: 'getNotifications',
  method: 'GET',
  ...v3('/notifications'),
  auth: 'user',
  query: Type.Object({
    from: Type.Optional(Type.String()),
    limit: Type.Optional(Type.Integer({ minimum: 0 })),
    /** `highlight` keeps highlights alone; anything else filters nothing. */
    only: Type.Optional(Type.String()),
  }),
  response: Type.Object({
    next_token: Type.Optional(Type.String()),
    notifications: Type.Array(
      Type.Object({
        actions: Type.Array(Type.Union([Type.String(), JsonObjectSchema])),
        event: ClientEventSchema,
        profile_tag: Type.Optional(Type.Union([Type.String(), Type.Null()])),
        read: Type.Boolean(),
        room_id: RoomIdSchema,
        /** When the notification was sent, in milliseconds since the epoch. */
        ts: Type.Integer(),
      }),
    ),
  }),
});
