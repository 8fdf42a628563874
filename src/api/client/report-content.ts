import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { RoomIdSchema, UserIdSchema } from '../schemas.ts';

/**
 * Reports a room to the server's administrators.
 * https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidreport
 */
export const reportRoom = endpoint({
  operationId: 'reportRoom',
  method: 'POST',
  ...v3('/rooms/{roomId}/report', {
    also: ['/_matrix/client/unstable/org.matrix.msc4151/rooms/{roomId}/report'],
  }),
  auth: 'user',
  rateLimit: 'rc_reports',
  params: Type.Object({ roomId: RoomIdSchema }),
  body: Type.Object({ reason: Type.String() }),
});

/** Reports an event. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidreporteventid */
export const reportEvent = endpoint({
  operationId: 'reportEvent',
  method: 'POST',
  ...v3('/rooms/{roomId}/report/{eventId}'),
  auth: 'user',
  rateLimit: 'rc_reports',
  params: Type.Object({ roomId: RoomIdSchema, eventId: Type.String() }),
  body: Type.Object({
    reason: Type.Optional(Type.String()),
    /** From -100, most offensive, to 0. No longer in the specification. */
    score: Type.Optional(Type.Integer()),
  }),
});

/** Reports a user. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3usersuseridreport */
export const reportUser = endpoint({
  operationId: 'reportUser',
  method: 'POST',
  ...v3('/users/{userId}/report', {
    also: ['/_matrix/client/unstable/org.matrix.msc4260/users/{userId}/report'],
  }),
  auth: 'user',
  rateLimit: 'rc_reports',
  params: Type.Object({ userId: UserIdSchema }),
  body: Type.Object({ reason: Type.String() }),
});
