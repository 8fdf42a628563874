import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { RoomIdSchema, UserIdSchema } from '../schemas.ts';

/**
 * Replaces a room by one of another version.
 * https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3roomsroomidupgrade
 */
export const upgradeRoom = endpoint({
  operationId: 'upgradeRoom',
  method: 'POST',
  ...v3('/rooms/{roomId}/upgrade'),
  auth: 'user',
  rateLimit: 'rc_room_creation',
  params: Type.Object({ roomId: RoomIdSchema }),
  body: Type.Object({ new_version: Type.String(), additional_creators: Type.Optional(Type.Array(UserIdSchema)) }),
  response: Type.Object({ replacement_room: RoomIdSchema }),
});
