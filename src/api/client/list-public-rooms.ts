import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { PublicRoomsChunkSchema, RoomIdSchema, ServerNameSchema } from '../schemas.ts';

const Visibility = Type.Union([Type.Literal('public'), Type.Literal('private')]);
const page = { limit: Type.Optional(Type.Integer()), since: Type.Optional(Type.String()) };
const publicRooms = v3('/publicRooms', { apiV1: true });
const visibility = v3('/directory/list/room/{roomId}', { apiV1: true });
const PublicRooms = Type.Object({
  chunk: Type.Array(PublicRoomsChunkSchema),
  next_batch: Type.Optional(Type.String()),
  prev_batch: Type.Optional(Type.String()),
  total_room_count_estimate: Type.Optional(Type.Integer()),
});

/** Whether a room is in the directory. An unknown room is a 404, so that any text may stand for its id. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3directorylistroomroomid */
export const getRoomVisibilityOnDirectory = endpoint({
  operationId: 'getRoomVisibilityOnDirectory',
  method: 'GET',
  ...visibility,
  auth: 'none',
  guests: true,
  params: Type.Object({ roomId: Type.String() }),
  response: Type.Object({ visibility: Visibility }),
});

/** Puts a room into the directory, or takes it off. `visibility` is `public` where left out. https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3directorylistroomroomid */
export const setRoomVisibilityOnDirectory = endpoint({
  operationId: 'setRoomVisibilityOnDirectory',
  method: 'PUT',
  ...visibility,
  auth: 'user',
  params: Type.Object({ roomId: RoomIdSchema }),
  body: Type.Object({ visibility: Type.Optional(Visibility) }),
});

/**
 * The room directory of this server, or of `server`. Whether it needs an access token is configured
 * (`allow_public_rooms_without_auth`): the handler decides. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3publicrooms
 */
export const getPublicRooms = endpoint({
  operationId: 'getPublicRooms',
  method: 'GET',
  ...publicRooms,
  auth: 'optional',
  guests: true,
  query: Type.Object({ ...page, server: Type.Optional(ServerNameSchema) }),
  response: PublicRooms,
});

/** Searches the room directory of this server, or of `server`. https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3publicrooms */
export const queryPublicRooms = endpoint({
  operationId: 'queryPublicRooms',
  method: 'POST',
  ...publicRooms,
  auth: 'user',
  guests: true,
  suspended: true,
  query: Type.Object({ server: Type.Optional(ServerNameSchema) }),
  body: Type.Object({
    ...page,
    filter: Type.Optional(
      Type.Object({
        generic_search_term: Type.Optional(Type.String()),
        /** `null` stands for rooms without a type. */
        room_types: Type.Optional(Type.Array(Type.Union([Type.String(), Type.Null()]))),
      }),
    ),
    include_all_networks: Type.Optional(Type.Boolean()),
    third_party_instance_id: Type.Optional(Type.String()),
  }),
  response: PublicRooms,
});
