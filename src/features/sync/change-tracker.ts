import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import { ChangeCache } from '#platform/streams/index.ts';
import type { EventHook, StoredEvent } from '#rooms/index.ts';

const ROOMS_MAX = 200_000;
const USERS_MAX = 200_000;

/** When rooms last had an event and users last had a change of membership: sync asks here before it asks the database. */
export class ChangeTracker implements EventHook {
  readonly rooms: ChangeCache<RoomId>;
  readonly memberships: ChangeCache<UserId>;

  /** `floor`: the stream's position when the process started; nothing older is known. */
  constructor(floor: number) {
    this.rooms = new ChangeCache(floor, ROOMS_MAX);
    this.memberships = new ChangeCache(floor, USERS_MAX);
  }

  committed(event: StoredEvent): void {
    if (event.position === undefined) return;
    this.rooms.changed(event.roomId, event.position);
    if (event.type === 'm.room.member' && event.stateKey !== undefined) {
      this.memberships.changed(event.stateKey as UserId, event.position);
    }
  }
}
