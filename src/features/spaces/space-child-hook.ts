import type { Statement } from '#platform/storage/index.ts';
import type { RoomId } from '#protocol/identifiers/index.ts';
import type { Contribution, CurrentState, EventHook, HotRoom, StateChange, StoredEvent } from '#rooms/index.ts';
import { readSpaceChild } from './space-child.ts';
import type { SpaceChild, SpaceChildStore } from './space-child-store.ts';

const TYPE = 'm.space.child';

/** Keeps the children of spaces, in the batch of whatever changes the state of one. */
export class SpaceChildHook implements EventHook {
  constructor(private readonly store: SpaceChildStore) {}

  prepareState(changes: readonly StateChange[], room: HotRoom): Contribution | undefined {
    const { nid } = room.identity;
    const statements = changes
      .filter(({ type }) => type === TYPE)
      .map(({ stateKey, after }) => {
        const child = after === undefined ? undefined : readChild(after);
        // Nothing is left of the content of an event that is redacted: it names no child.
        return child === undefined ? this.store.remove(nid, stateKey) : this.store.upsert(nid, after!.nid, child);
      });
    if (statements.length === 0) return undefined;
    return (batch) => {
      for (const statement of statements) batch.add(statement);
    };
  }
}

/** Reads the children of a room anew from its current state: for a room whose state came as a whole. */
export async function childrenFromState(
  roomId: RoomId,
  current: CurrentState,
  store: SpaceChildStore,
): Promise<readonly Statement[]> {
  const state = await current.of(roomId);
  if (state === undefined) return [];
  const { nid } = state.room;
  const statements: Statement[] = [store.removeRoom(nid)];
  for (const event of await state.all(TYPE)) {
    const child = readChild(event);
    if (child !== undefined) statements.push(store.upsert(nid, event.nid, child));
  }
  return statements;
}

function readChild({ stateKey = '', sender, originServerTs, content }: StoredEvent): SpaceChild | undefined {
  return readSpaceChild({ stateKey, sender, originServerTs, content });
}
