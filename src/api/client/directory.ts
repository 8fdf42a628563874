import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { RoomAliasSchema, RoomIdSchema } from '../schemas.ts';

const paths = v3('/directory/room/{roomAlias}', { apiV1: true });
const params = Type.Object({ roomAlias: RoomAliasSchema });

/** The room that an alias stands for. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3directoryroomroomalias */
export const getRoomIdByAlias = endpoint({
  operationId: 'getRoomIdByAlias',
  method: 'GET',
  ...paths,
  auth: 'none',
  guests: true,
  params,
  response: Type.Object({
    room_id: RoomIdSchema,
    /** Servers that know of the room. */
    servers: Type.Array(Type.String()),
  }),
});

/** Makes an alias. https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3directoryroomroomalias */
export const setRoomAlias = endpoint({
  operationId: 'setRoomAlias',
  method: 'PUT',
  ...paths,
  auth: 'user',
  params,
  body: Type.Object({
    room_id: RoomIdSchema,
    /** Servers that know of the room. Not in the specification. */
    servers: Type.Optional(Type.Array(Type.String())),
  }),
});

/** Deletes an alias. https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3directoryroomroomalias */
export const deleteRoomAlias = endpoint({
  operationId: 'deleteRoomAlias',
  method: 'DELETE',
  ...paths,
  auth: 'user',
  params,
});

/** The aliases that this server has for a room. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidaliases */
export const getLocalAliases = endpoint({
  operationId: 'getLocalAliases',
  method: 'GET',
  ...v3('/rooms/{roomId}/aliases', {
    also: ['/_matrix/client/unstable/org.matrix.msc2432/rooms/{roomId}/aliases'],
  }),
  auth: 'user',
  rateLimit: 'rc_read',
  params: Type.Object({ roomId: RoomIdSchema }),
  response: Type.Object({ aliases: Type.Array(RoomAliasSchema) }),
});
