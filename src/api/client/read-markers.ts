import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { RoomIdSchema } from '../schemas.ts';

/**
 * Moves the read marker and receipts, each to an event id.
 * https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidread_markers
 */
export const setReadMarker = endpoint({
  operationId: 'setReadMarker',
  method: 'POST',
  ...v3('/rooms/{roomId}/read_markers'),
  auth: 'user',
  suspended: true,
  params: Type.Object({ roomId: RoomIdSchema }),
  body: Type.Object({
    'm.fully_read': Type.Optional(Type.String()),
    'm.read': Type.Optional(Type.String()),
    'm.read.private': Type.Optional(Type.String()),
  }),
});
