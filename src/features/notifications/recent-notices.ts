import type { StreamPosition } from '#platform/streams/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { Individual } from './audience.ts';

/** An event that notifies somebody. */
export interface RecentNotice {
  readonly position: StreamPosition;
  readonly thread: string;
  readonly sender: UserId;
  readonly audienceNid: number | undefined;
  readonly individuals: readonly Individual[];
}

interface Room {
  /** Every such event of the room after this position is here. */
  floor: StreamPosition;
  readonly notices: RecentNotice[];
}

/** Rooms remembered at most, and events of one room: at least the latter, once there were so many. */
const ROOMS_MAX = 5_000;
const NOTICES_MAX = 64;
const NOTICES_KEPT = 32;

/** The last events that notified somebody, by room: counts of those who are told of each are carried on from here. */
export class RecentNotices {
  /** Least recently notified first. */
  readonly #rooms = new Map<number, Room>();

  add(roomNid: number, notice: RecentNotice): void {
    const room = this.#rooms.get(roomNid) ?? { floor: notice.position - 1, notices: [] };
    this.#rooms.delete(roomNid);
    this.#rooms.set(roomNid, room);
    room.notices.push(notice);
    if (room.notices.length > NOTICES_MAX) {
      const dropped = room.notices.splice(0, room.notices.length - NOTICES_KEPT);
      room.floor = dropped.at(-1)!.position;
    }
    if (this.#rooms.size <= ROOMS_MAX) return;
    for (const oldest of this.#rooms.keys()) {
      this.#rooms.delete(oldest);
      break;
    }
  }

  /** Those with `after < position <= upTo`; `undefined` if it cannot tell. */
  between(roomNid: number, after: StreamPosition, upTo: StreamPosition): RecentNotice[] | undefined {
    const room = this.#rooms.get(roomNid);
    if (room === undefined || after < room.floor) return undefined;
    const { notices } = room;
    // Most ask for the last one or two.
    let start = notices.length;
    while (start > 0 && notices[start - 1]!.position > after) start--;
    const found = start === 0 ? notices : notices.slice(start);
    return found.filter(({ position }) => position > after && position <= upTo);
  }
}
