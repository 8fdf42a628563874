import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { optionalBody, RoomIdSchema } from '../schemas.ts';

/** Leaves a room, or rejects an invite or takes back a knock. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidleave */
export const leaveRoom = endpoint({
  operationId: 'leaveRoom',
  method: 'POST',
  ...v3('/rooms/{roomId}/leave', { apiV1: true }),
  auth: 'user',
  guests: true,
  suspended: true,
  rateLimit: 'rc_message',
  params: Type.Object({ roomId: RoomIdSchema }),
  body: optionalBody(Type.Object({ reason: Type.Optional(Type.String()) })),
});

/** Forgets a room that the user has left. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidforget */
export const forgetRoom = endpoint({
  operationId: 'forgetRoom',
  method: 'POST',
  ...v3('/rooms/{roomId}/forget', { apiV1: true }),
  auth: 'user',
  suspended: true,
  params: Type.Object({ roomId: RoomIdSchema }),
});

/** Leaves a room, once for each transaction id. Not in the specification. */
export const leaveRoomLegacy = endpoint({
  ...leaveRoom,
  ...v3('/rooms/{roomId}/leave/{txnId}', { apiV1: true }),
  operationId: 'leaveRoomLegacy',
  method: 'PUT',
  deprecated: true,
  params: Type.Object({ roomId: RoomIdSchema, txnId: Type.String() }),
});

/** Forgets a room, once for each transaction id. Not in the specification. */
export const forgetRoomLegacy = endpoint({
  ...forgetRoom,
  ...v3('/rooms/{roomId}/forget/{txnId}', { apiV1: true }),
  operationId: 'forgetRoomLegacy',
  method: 'PUT',
  deprecated: true,
  params: Type.Object({ roomId: RoomIdSchema, txnId: Type.String() }),
});
