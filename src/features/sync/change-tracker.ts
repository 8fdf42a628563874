import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import { ChangeCache } from '#platform/streams/index.ts';
import type { EventHook, StoredEvent } from '#rooms/index.ts';

const ROOMS_MAX = 200_000;
const USERS_MAX = 200_000;
/** Rooms whose last state is remembered. */
const ROOTS_MAX = 20_000;

/** When rooms last had an event and users last had a change of membership: sync asks here before it asks the database. */
export class ChangeTracker implements EventHook {
  readonly rooms: ChangeCache<RoomId>;
  /** Rooms whose current state may have changed. */
  readonly states: ChangeCache<RoomId>;
  readonly memberships: ChangeCache<UserId>;
  /** The state after the last event of rooms in which one came: least recently first. */
  readonly #roots = new Map<RoomId, StoredEvent['stateAfter']>();

  /** `floor`: the stream's position when the process started; nothing older is known. */
  constructor(floor: number) {
    this.rooms = new ChangeCache(floor, ROOMS_MAX);
    this.states = new ChangeCache(floor, ROOMS_MAX);
    this.memberships = new ChangeCache(floor, USERS_MAX);
  }

  committed(event: StoredEvent): void {
    const { position, roomId, type, stateKey } = event;
    if (position === undefined) return;
    this.rooms.changed(roomId, position);
    this.#followState(event, position);
    if (type === 'm.room.member' && stateKey !== undefined) this.memberships.changed(stateKey as UserId, position);
  }

  /** An event that builds on the state that the last one left leaves it as it is, unless it is a state event. */
  #followState({ roomId, stateBefore, stateAfter, isState }: StoredEvent, position: number): void {
    if (isState || stateBefore === undefined || this.#roots.get(roomId) !== stateBefore) this.states.changed(roomId, position);
    this.#roots.delete(roomId);
    this.#roots.set(roomId, stateAfter);
    if (this.#roots.size <= ROOTS_MAX) return;
    for (const oldest of this.#roots.keys()) {
      this.#roots.delete(oldest);
      break;
    }
  }
}
