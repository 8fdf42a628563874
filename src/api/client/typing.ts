import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { RoomIdSchema, UserIdSchema } from '../schemas.ts';

/** Says whether one is typing. https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3roomsroomidtypinguserid */
export const setTyping = endpoint({
  operationId: 'setTyping',
  method: 'PUT',
  ...v3('/rooms/{roomId}/typing/{userId}', { apiV1: true }),
  auth: 'user',
  params: Type.Object({ roomId: RoomIdSchema, userId: UserIdSchema }),
  body: Type.Object({
    typing: Type.Boolean(),
    /** In milliseconds. */
    timeout: Type.Optional(Type.Integer()),
  }),
});
