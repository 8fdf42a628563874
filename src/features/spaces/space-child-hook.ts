import type { Statement } from '#platform/storage/index.ts';
import { canRedact } from '#protocol/event-auth/index.ts';
import { redactRoomEvent } from '#protocol/events/index.ts';
import type { RoomId } from '#protocol/identifiers/index.ts';
import type { Contribution, CurrentState, EventHook, EventStore, HotRoom, NewEvent } from '#rooms/index.ts';
import { readSpaceChild } from './space-child.ts';
import type { SpaceChildStore } from './space-child-store.ts';

const TYPE = 'm.space.child';

/** Keeps the children of spaces, in the batch of each event that changes one. */
export class SpaceChildHook implements EventHook {
  constructor(
    private readonly store: SpaceChildStore,
    private readonly events: Pick<EventStore, 'byId'>,
  ) {}

  prepare(event: NewEvent, room: HotRoom): Contribution | undefined | Promise<Contribution | undefined> {
    const { stateKey } = event;
    if (event.type === 'm.room.redaction') return this.#afterRedaction(event, room);
    if (event.type !== TYPE || stateKey === undefined) return undefined;
    const { sender, originServerTs, content } = event;
    const child = readSpaceChild({ stateKey, sender, originServerTs, content });
    const { nid } = room.identity;
    const change = child === undefined ? this.store.remove(nid, stateKey) : this.store.upsert(nid, event.nid, child);
    return (batch) => void batch.add(change);
  }

  /** A redacted event names no child: nothing of its content is left. */
  async #afterRedaction(event: NewEvent, room: HotRoom): Promise<Contribution | undefined> {
    const target = event.redacts === undefined ? undefined : await this.events.byId(event.redacts);
    if (target?.type !== TYPE || target.stateKey === undefined) return undefined;
    if ((await room.state.get(TYPE, target.stateKey))?.eventId !== target.eventId) return undefined;
    if (!canRedact(await room.powerLevels(), event, target, room.identity.rules)) return undefined;
    const change = this.store.remove(room.identity.nid, target.stateKey);
    return (batch) => void batch.add(change);
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
    const content = event.redactedBy === undefined ? event.content : redactRoomEvent(event, event.rules).content;
    const { sender, originServerTs, stateKey = '' } = event;
    const child = readSpaceChild({ stateKey, sender, originServerTs, content });
    if (child !== undefined) statements.push(store.upsert(nid, event.nid, child));
  }
  return statements;
}
