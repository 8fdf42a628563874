import type { Matcher } from '#protocol/filters/index.ts';
import type { RoomId } from '#protocol/identifiers/index.ts';
import type { JoinedRoom } from '#rooms/index.ts';
import type { RoomSet } from './sources.ts';

/** The joined rooms of which an answer may tell, looked at one by one: those of an idle poll are not walked over. */
export class ShownRooms implements RoomSet {
  constructor(
    private readonly rooms: ReadonlyMap<RoomId, JoinedRoom>,
    private readonly upTo: number,
    private readonly filter: Matcher,
    private readonly passes: (roomId: RoomId) => boolean = () => true,
  ) {}

  get(roomId: RoomId): number | undefined {
    const room = this.rooms.get(roomId);
    if (room === undefined || room.position > this.upTo) return undefined;
    return this.filter.passes(roomId) && this.passes(roomId) ? room.nid : undefined;
  }

  has(roomId: RoomId): boolean {
    return this.get(roomId) !== undefined;
  }

  *keys(): Iterable<RoomId> {
    for (const roomId of this.rooms.keys()) if (this.has(roomId)) yield roomId;
  }

  without(others: ReadonlySet<RoomId>): ShownRooms {
    return new ShownRooms(this.rooms, this.upTo, this.filter, (roomId) => !others.has(roomId));
  }

  only(some: ReadonlySet<RoomId>): ShownRooms {
    return new ShownRooms(this.rooms, this.upTo, this.filter, (roomId) => some.has(roomId));
  }
}
