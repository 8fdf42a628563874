import type { ByteCache } from '#platform/cache/index.ts';
import type { EventHook } from './draft.ts';
import type { StoredEvent } from './stored-event.ts';

/** The last events of a room, by interned id, in order of position. */
interface Tail {
  /** Every event of the room with a position after this one is here. */
  floor: number;
  readonly positions: number[];
  readonly nids: number[];
}

/** Events of one room remembered at most, and at least once it has had so many. */
const EVENTS_MAX = 128;
const EVENTS_KEPT = 64;
const TAIL_BYTES = 200 + 20 * EVENTS_MAX;

/** The ends of the timelines of rooms in which something has happened, so that whoever is woken by an event reads nothing. */
export class RecentTimelines implements EventHook {
  constructor(private readonly tails: ByteCache<number, Tail>) {}

  committed({ roomNid, nid, position }: StoredEvent): void {
    if (position === undefined || position < 0) return;
    let tail = this.tails.get(roomNid);
    if (tail === undefined) {
      tail = { floor: position - 1, positions: [], nids: [] };
      this.tails.set(roomNid, tail, TAIL_BYTES);
    }
    tail.positions.push(position);
    tail.nids.push(nid);
    if (tail.nids.length <= EVENTS_MAX) return;
    const dropped = EVENTS_MAX - EVENTS_KEPT;
    tail.floor = tail.positions[dropped - 1]!;
    tail.positions.splice(0, dropped);
    tail.nids.splice(0, dropped);
  }

  /** The newest events with `after < position <= upTo`, oldest first, at most `limit`; `undefined` if it cannot tell. */
  newest(roomNid: number, after: number, upTo: number, limit: number): readonly number[] | undefined {
    const tail = this.tails.get(roomNid);
    if (tail === undefined) return undefined;
    let end = tail.positions.length;
    while (end > 0 && tail.positions[end - 1]! > upTo) end--;
    let start = end;
    while (start > 0 && end - start < limit && tail.positions[start - 1]! > after) start--;
    // What is older than the tail matters only if it would be part of the answer.
    return after >= tail.floor || end - start === limit ? tail.nids.slice(start, end) : undefined;
  }
}
