import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { RoomIdSchema } from '../schemas.ts';

/** The rooms that the requester has joined. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3joined_rooms */
export const getJoinedRooms = endpoint({
  operationId: 'getJoinedRooms',
  method: 'GET',
  ...v3('/joined_rooms', { apiV1: true }),
  auth: 'user',
  guests: true,
  response: Type.Object({ joined_rooms: Type.Array(RoomIdSchema) }),
});
