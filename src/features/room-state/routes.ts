import { roomInitialSync } from '#api/client/room-initial-sync.ts';
import * as rooms from '#api/client/rooms.ts';
import { JsonText, type Route, route } from '#api/endpoint.ts';
import type { Requester } from '#api/requester.ts';
import type { EventReader } from '#rooms/index.ts';
import type { RoomInitialSync } from './room-initial-sync.ts';
import type { RoomStateReader } from './room-state.ts';

export function roomStateRoutes(reader: RoomStateReader, initialSync: RoomInitialSync): readonly Route[] {
  return [
    route(rooms.getRoomState, async ({ requester, params }) =>
      list(await reader.all(params.roomId, readerOf(requester))),
    ),
    route(rooms.getRoomStateWithKey, async ({ requester, params, query }) => {
      const { roomId, eventType, stateKey = '' } = params;
      const who = readerOf(requester);
      const event = await reader.one(roomId, eventType, stateKey, who);
      return query.format === 'event' ? new JsonText(await reader.serialize(event, who)) : event.content;
    }),
    route(rooms.getMembersByRoom, async ({ requester, params, query }) => {
      const { at, membership, not_membership: notMembership } = query;
      const texts = await reader.members(params.roomId, { at, membership, notMembership }, readerOf(requester));
      return new JsonText(`{"chunk":${list(texts).text}}`);
    }),
    route(rooms.getJoinedMembersByRoom, async ({ requester, params }) => ({
      joined: Object.fromEntries(await reader.joinedMembers(params.roomId, requester.userId)),
    })),
    route(
      rooms.getOneRoomEvent,
      async ({ requester, params }) =>
        new JsonText(await reader.event(params.roomId, params.eventId, readerOf(requester))),
    ),
    route(
      roomInitialSync,
      async ({ requester, params, query }) =>
        new JsonText(await initialSync.of(params.roomId, readerOf(requester), query.limit)),
    ),
  ];
}

function readerOf({ userId, deviceId }: Requester): EventReader {
  return { userId, deviceId };
}

function list(texts: readonly string[]): JsonText {
  return new JsonText(`[${texts.join(',')}]`);
}
