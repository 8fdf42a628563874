import * as contracts from '#api/client/relations.ts';
import { getThreadRoots } from '#api/client/threads-list.ts';
import type { Requester } from '#api/requester.ts';
import { ByteCache } from '#platform/cache/index.ts';
import type { EventId, RoomId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { ClientEvents } from '#rooms/index.ts';
import type { TestEngine } from '#test/storage.ts';
import { createWorld } from '#test/world.ts';
import { relations } from '../../../migrations/0007-relations.ts';
import { relationsFeature } from './index.ts';

/** A world with relations in it, and what its tests ask. */
export async function createRelationsWorld(engine: TestEngine) {
  const world = await createWorld(engine, { migrations: [relations] });
  const ignoring = new Map<string, ReadonlySet<string>>();
  const clientEvents = new ClientEvents(world.rooms.events, new ByteCache('test', 1_000_000), world.clock, {
    transactionIds: async () => new Map(),
    aggregations: (events, reader) => feature.aggregations(events, reader),
  });
  const feature = relationsFeature({
    ...world.rooms,
    reader: world.storage.reader,
    serverName: world.serverName,
    clientEvents: () => clientEvents,
    ignoredBy: async (userId) => ignoring.get(userId) ?? new Set(),
  });
  world.hooks.push(...feature.hooks);
  const { routes } = feature;
  const send = async (
    roomId: RoomId,
    by: Requester,
    content: JsonObject,
    type = 'm.room.message',
    originServerTs?: number,
  ): Promise<EventId> =>
    (await world.rooms.engine.send(roomId, { type, sender: by.userId, content, originServerTs })).event.eventId;
  const relate = (
    roomId: RoomId,
    by: Requester,
    parent: string,
    relType: string,
    more: JsonObject = {},
    type = 'm.room.message',
  ) => send(roomId, by, { body: 'related', ...more, 'm.relates_to': { rel_type: relType, event_id: parent } }, type);
  return {
    world,
    feature,
    routes,
    clientEvents,
    send,
    relate,
    thread: (roomId: RoomId, by: Requester, root: string, body = 'reply') =>
      relate(roomId, by, root, 'm.thread', { body }),
    edit: (roomId: RoomId, by: Requester, target: string, body: string) =>
      relate(roomId, by, target, 'm.replace', { body: `* ${body}`, 'm.new_content': { body } }),
    react: (roomId: RoomId, by: Requester, target: string, key: string) =>
      send(roomId, by, { 'm.relates_to': { rel_type: 'm.annotation', event_id: target, key } }, 'm.reaction'),
    ignore: (by: Requester, ...users: readonly Requester[]) =>
      ignoring.set(by.userId, new Set(users.map(({ userId }) => userId))),
    /** `unsigned.m.relations` of an event as somebody reads it. */
    async bundle(eventId: EventId, as: Requester): Promise<JsonObject | undefined> {
      const event = await world.rooms.events.byId(eventId);
      if (event === undefined) throw new Error('no such event');
      const text = (await feature.aggregations([event], as)).get(event.nid);
      return text === undefined ? undefined : (JSON.parse(text) as JsonObject);
    },
    related: (
      as: Requester,
      roomId: RoomId,
      eventId: string,
      query: JsonObject = {},
      relType?: string,
      eventType?: string,
    ) => {
      if (relType === undefined) {
        return world.call(routes, contracts.getRelatingEvents, { as, params: { roomId, eventId }, query });
      }
      if (eventType === undefined) {
        const params = { roomId, eventId, relType };
        return world.call(routes, contracts.getRelatingEventsWithRelType, { as, params, query });
      }
      const params = { roomId, eventId, relType, eventType };
      return world.call(routes, contracts.getRelatingEventsWithRelTypeAndEventType, { as, params, query });
    },
    threads: (as: Requester, roomId: RoomId, query: JsonObject = {}) =>
      world.call(routes, getThreadRoots, { as, params: { roomId }, query }),
    alice: world.user('alice'),
    bob: world.user('bob'),
    carol: world.user('carol'),
  };
}

/** The event ids of a chunk. */
export function idsOf(page: { readonly chunk: readonly object[] }): string[] {
  return page.chunk.map((event) => (event as { event_id: string }).event_id);
}
