import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { JsonObjectSchema, RoomIdSchema, UserIdSchema } from '../schemas.ts';

const params = Type.Object({ userId: UserIdSchema, type: Type.String() });
const roomParams = Type.Object({ userId: UserIdSchema, roomId: RoomIdSchema, type: Type.String() });

/** Account data of one type. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3useruseridaccount_datatype */
export const getAccountData = endpoint({
  operationId: 'getAccountData',
  method: 'GET',
  ...v3('/user/{userId}/account_data/{type}'),
  auth: 'user',
  params,
  response: JsonObjectSchema,
});

/** Writes account data of one type. https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3useruseridaccount_datatype */
export const setAccountData = endpoint({
  operationId: 'setAccountData',
  method: 'PUT',
  ...v3('/user/{userId}/account_data/{type}'),
  auth: 'user',
  suspended: true,
  params,
  body: JsonObjectSchema,
});

/** Account data of one type for one room. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3useruseridroomsroomidaccount_datatype */
export const getAccountDataPerRoom = endpoint({
  operationId: 'getAccountDataPerRoom',
  method: 'GET',
  ...v3('/user/{userId}/rooms/{roomId}/account_data/{type}'),
  auth: 'user',
  params: roomParams,
  response: JsonObjectSchema,
});

/** Writes account data of one type for one room. https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3useruseridroomsroomidaccount_datatype */
export const setAccountDataPerRoom = endpoint({
  operationId: 'setAccountDataPerRoom',
  method: 'PUT',
  ...v3('/user/{userId}/rooms/{roomId}/account_data/{type}'),
  auth: 'user',
  suspended: true,
  params: roomParams,
  body: JsonObjectSchema,
});

/** Deletes account data of one type. https://github.com/matrix-org/matrix-spec-proposals/pull/3391 */
export const deleteAccountData = endpoint({
  operationId: 'deleteAccountData',
  method: 'DELETE',
  path: '/_matrix/client/unstable/org.matrix.msc3391/user/{userId}/account_data/{type}',
  auth: 'user',
  suspended: true,
  params,
});

/** Deletes account data of one type for one room. https://github.com/matrix-org/matrix-spec-proposals/pull/3391 */
export const deleteAccountDataPerRoom = endpoint({
  operationId: 'deleteAccountDataPerRoom',
  method: 'DELETE',
  path: '/_matrix/client/unstable/org.matrix.msc3391/user/{userId}/rooms/{roomId}/account_data/{type}',
  auth: 'user',
  suspended: true,
  params: roomParams,
});
