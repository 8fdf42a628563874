import { ChangeCache } from '#platform/streams/index.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { CurrentStateChange, EventHook, StoredEvent } from '#rooms/index.ts';

const ROOMS_MAX = 200_000;
const USERS_MAX = 200_000;

/** When rooms last had an event and users last had a change of membership: sync asks here before it asks the database. */
export class ChangeTracker implements EventHook {
  /** Rooms with a new event, or of another state than before. */
  readonly rooms: ChangeCache<RoomId>;
  /** Rooms whose current state changed. */
  readonly states: ChangeCache<RoomId>;
  readonly memberships: ChangeCache<UserId>;

  /** `floor`: the stream's position when the process started; nothing older is known. */
  constructor(floor: number) {
    this.rooms = new ChangeCache(floor, ROOMS_MAX);
    this.states = new ChangeCache(floor, ROOMS_MAX);
    this.memberships = new ChangeCache(floor, USERS_MAX);
  }

  committed({ position, roomId }: StoredEvent): void {
    if (position !== undefined) this.rooms.changed(roomId, position);
  }

  stateChanged(changes: readonly CurrentStateChange[]): void {
    for (const { room, position, type, stateKey } of changes) {
      this.rooms.changed(room.roomId, position);
      this.states.changed(room.roomId, position);
      if (type === 'm.room.member') this.memberships.changed(stateKey as UserId, position);
    }
  }
}
