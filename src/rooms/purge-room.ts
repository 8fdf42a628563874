import type { Streams } from '#platform/streams/ports.ts';
import type { RoomId } from '#protocol/identifiers/index.ts';
import type { CurrentStateChange, EventHook } from './draft.ts';
import type { EventStore } from './event-store.ts';
import type { PurgeStore } from './purge-store.ts';
import type { RoomDirectory, RoomIdentity } from './room-directory.ts';
import type { RoomEngine } from './room-engine.ts';

export interface PurgeStores {
  readonly purge: PurgeStore;
  readonly events: EventStore;
  readonly directory: RoomDirectory;
  readonly streams: Streams;
  readonly hooks: readonly EventHook[];
}

/**
 * Deletes a room: all that the room engine keeps of it. Slices delete theirs themselves. In small batches, so that nobody waits
 * for it; if it is cut off on the way, the room is closed already, and purging it again goes on from there. Answers whether
 * there was anything to delete.
 */
export async function purgeRoom(roomId: RoomId, engine: RoomEngine, stores: PurgeStores): Promise<boolean> {
  const room = await stores.directory.find(roomId);
  if (room === undefined) return false;
  await engine.close(roomId, async () => {
    await closeRoom(room, stores);
    await deleteEvents(room, stores);
    for (const piece of stores.purge.pieces(room.nid)) {
      for (let rows = 1; rows > 0; ) {
        rows = (await stores.streams.commit((batch) => batch.add(piece()))).rows.length;
      }
    }
    await stores.streams.commit((batch) => {
      batch.add(stores.purge.deleteRoom(room.nid));
      batch.afterCommit(() => stores.directory.remove(room));
    });
  });
  return true;
}

/** The room's own users are in it no longer, and sync learns of it. */
async function closeRoom(room: RoomIdentity, { purge, streams, hooks }: PurgeStores): Promise<void> {
  const members = await purge.localMembers(room.nid);
  await streams.commit((batch) => {
    for (const query of purge.close(room.nid)) batch.add(query);
    const changes = members.map((userId): CurrentStateChange => {
      const position = batch.nextPosition();
      return { room, position, type: 'm.room.member', stateKey: userId, before: undefined, after: undefined };
    });
    if (changes.length > 0) batch.afterCommit(() => hooks.forEach((hook) => void hook.stateChanged?.(changes)));
    batch.wake(...members.map((userId) => ({ userId })));
  });
}

async function deleteEvents(room: RoomIdentity, { purge, streams, events }: PurgeStores): Promise<void> {
  for (;;) {
    const page = await purge.events(room.nid);
    if (page.length === 0) return;
    await streams.commit((batch) => {
      for (const query of purge.deleteEvents(page.map((row) => row.event_nid))) batch.add(query);
      batch.afterCommit(() => page.forEach((row) => void events.forget(row.event_id)));
    });
  }
}
