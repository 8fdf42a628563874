import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { AnyKey, RoomIdSchema, UserIdSchema } from '../schemas.ts';

const ofRoom = { userId: UserIdSchema, roomId: RoomIdSchema };
/** `order` is from 0 to 1, though older tags hold other numbers. */
const Tag = Type.Object({ order: Type.Optional(Type.Number()) });

/** A room's tags. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3useruseridroomsroomidtags */
export const getRoomTags = endpoint({
  operationId: 'getRoomTags',
  method: 'GET',
  ...v3('/user/{userId}/rooms/{roomId}/tags'),
  auth: 'user',
  params: Type.Object(ofRoom),
  response: Type.Object({ tags: Type.Record(AnyKey, Tag) }),
});

/** Tags a room. https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3useruseridroomsroomidtagstag */
export const setRoomTag = endpoint({
  operationId: 'setRoomTag',
  method: 'PUT',
  ...v3('/user/{userId}/rooms/{roomId}/tags/{tag}'),
  auth: 'user',
  suspended: true,
  params: Type.Object({ ...ofRoom, tag: Type.String() }),
  body: Tag,
});

/** Removes a tag. https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3useruseridroomsroomidtagstag */
export const deleteRoomTag = endpoint({
  operationId: 'deleteRoomTag',
  method: 'DELETE',
  ...v3('/user/{userId}/rooms/{roomId}/tags/{tag}'),
  auth: 'user',
  suspended: true,
  params: Type.Object({ ...ofRoom, tag: Type.String() }),
});
