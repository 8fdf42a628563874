import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { ClientEventSchema, JsonObjectSchema, MembershipSchema, RoomIdSchema } from '../schemas.ts';

const inRoom = { roomId: RoomIdSchema };
const nullableString = Type.Union([Type.String(), Type.Null()]);

/** One event of a room. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomideventeventid */
export const getOneRoomEvent = endpoint({
  operationId: 'getOneRoomEvent',
  method: 'GET',
  ...v3('/rooms/{roomId}/event/{eventId}', { apiV1: true }),
  auth: 'user',
  guests: true,
  params: Type.Object({ ...inRoom, eventId: Type.String() }),
  query: Type.Object({
    /** For moderators. https://github.com/matrix-org/matrix-spec-proposals/pull/2815 */
    'fi.mau.msc2815.include_unredacted_content': Type.Optional(Type.Boolean()),
  }),
  response: ClientEventSchema,
});

/**
 * All current state, or the state when the user left.
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidstate
 */
export const getRoomState = endpoint({
  operationId: 'getRoomState',
  method: 'GET',
  ...v3('/rooms/{roomId}/state', { apiV1: true }),
  auth: 'user',
  guests: true,
  params: Type.Object(inRoom),
  response: Type.Array(ClientEventSchema),
});

const stateWithoutKey = v3('/rooms/{roomId}/state/{eventType}', { apiV1: true });

/**
 * One state event, or its content. An absent `stateKey` is the empty one.
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidstateeventtypestatekey
 */
export const getRoomStateWithKey = endpoint({
  operationId: 'getRoomStateWithKey',
  method: 'GET',
  ...v3('/rooms/{roomId}/state/{eventType}/{stateKey?}', {
    apiV1: true,
    also: [stateWithoutKey.path, ...stateWithoutKey.aliases],
  }),
  auth: 'user',
  guests: true,
  params: Type.Object({ ...inRoom, eventType: Type.String(), stateKey: Type.Optional(Type.String()) }),
  query: Type.Object({ format: Type.Optional(Type.Union([Type.Literal('content'), Type.Literal('event')])) }),
  response: JsonObjectSchema,
});

/** The membership events of a room. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidmembers */
export const getMembersByRoom = endpoint({
  operationId: 'getMembersByRoom',
  method: 'GET',
  ...v3('/rooms/{roomId}/members', { apiV1: true }),
  auth: 'user',
  guests: true,
  params: Type.Object(inRoom),
  query: Type.Object({
    /** A `prev_batch` or sync token: the members at that point. */
    at: Type.Optional(Type.String()),
    membership: Type.Optional(MembershipSchema),
    not_membership: Type.Optional(MembershipSchema),
  }),
  response: Type.Object({ chunk: Type.Array(ClientEventSchema) }),
});

/**
 * The joined members and their profiles in the room.
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidjoined_members
 */
export const getJoinedMembersByRoom = endpoint({
  operationId: 'getJoinedMembersByRoom',
  method: 'GET',
  ...v3('/rooms/{roomId}/joined_members', { apiV1: true }),
  auth: 'user',
  params: Type.Object(inRoom),
  response: Type.Object({
    joined: Type.Record(
      Type.String(),
      Type.Object({ display_name: Type.Optional(nullableString), avatar_url: Type.Optional(nullableString) }),
    ),
  }),
});
