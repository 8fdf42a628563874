import { getEventContext } from '#api/client/event-context.ts';
import { getRoomEvents } from '#api/client/message-pagination.ts';
import { getEventByTimestamp } from '#api/client/room-event-by-timestamp.ts';
import type { Requester } from '#api/requester.ts';
import type { RoomId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { TestEngine } from '#test/storage.ts';
import { createWorld } from '#test/world.ts';
import { messagesFeature } from './index.ts';

/** A world whose history can be read, and what its tests ask. */
export async function createMessagesWorld(engine: TestEngine) {
  const world = await createWorld(engine);
  const ignoring = new Map<string, ReadonlySet<string>>();
  const relatedTo = new Map<number, { sender: string; relType: string }[]>();
  const { routes } = messagesFeature({
    ...world.rooms,
    reader: world.storage.reader,
    relationsOf: async () => relatedTo,
    ignoredBy: async (userId) => ignoring.get(userId) ?? new Set(),
  });
  return {
    world,
    /** By interned event id: what the filters learn of relations. */
    relatedTo,
    messages: (as: Requester, roomId: RoomId, query: JsonObject = {}) =>
      world.call(routes, getRoomEvents, { as, params: { roomId }, query }),
    context: (as: Requester, roomId: RoomId, eventId: string, query: JsonObject = {}) =>
      world.call(routes, getEventContext, { as, params: { roomId, eventId }, query }),
    eventAt: async (as: Requester, roomId: RoomId, ts: number, dir: 'b' | 'f') =>
      (await world.call(routes, getEventByTimestamp, { as, params: { roomId }, query: { ts, dir } }))
        .event_id as string,
    ignore: (by: Requester, ...users: readonly Requester[]) =>
      ignoring.set(by.userId, new Set(users.map(({ userId }) => userId))),
    alice: world.user('alice'),
    bob: world.user('bob'),
    carol: world.user('carol'),
  };
}

/** What events say, in short: the body of messages, the type and state key of others. */
export function told(events: readonly object[] | undefined): string[] {
  return (events ?? []).map((event) => {
    const { type, state_key: key, content } = event as { type: string; state_key?: string; content: { body?: string } };
    return content.body ?? (key === undefined || key === '' ? type : `${type} ${key}`);
  });
}
