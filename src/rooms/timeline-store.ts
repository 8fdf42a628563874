import { statement } from '#platform/storage/index.ts';
import type { Reader } from '#platform/storage/ports.ts';
import { EVENT_COLUMNS, type EventStore } from './event-store.ts';
import type { RecentTimelines } from './recent-timeline.ts';
import type { EventRow, StoredEvent } from './stored-event.ts';

/** A place between two events of a room's timeline: just after the event with this depth and position. */
export interface TimelinePlace {
  readonly depth: number;
  readonly position: number;
}

/** Before everything, and after everything. */
export const TIMELINE_START: TimelinePlace = { depth: -1, position: Number.MIN_SAFE_INTEGER };
export const TIMELINE_END: TimelinePlace = { depth: Number.MAX_SAFE_INTEGER, position: Number.MAX_SAFE_INTEGER };

const SELECT = `select ${EVENT_COLUMNS} from events where room_nid = ? and position is not null`;
const newestBetween = statement<EventRow>(
  `${SELECT} and position > ? and position <= ? order by position desc limit ?`,
);
const oldestBetween = statement<EventRow>(`${SELECT} and position > ? and position <= ? order by position limit ?`);
const backward = statement<EventRow>(
  `${SELECT} and (depth, position) <= (?, ?) order by depth desc, position desc limit ?`,
);
const forward = statement<EventRow>(`${SELECT} and (depth, position) > (?, ?) order by depth, position limit ?`);
const lastUpTo = statement<{ depth: number; position: number }>(
  'select depth, position from events where room_nid = ? and position is not null and position <= ? order by position desc limit 1',
);
const lastPosition = statement<{ position: number | null }>(
  'select max(position) as position from events where room_nid = ?',
);

/** The events of rooms in order: as they were received (stream), and as the room tells them (depth, then stream). */
export class TimelineStore {
  constructor(
    private readonly reader: Reader,
    private readonly events: EventStore,
    private readonly recent?: RecentTimelines,
  ) {}

  /** The newest events with `after < position <= upTo`, oldest first; at most `limit`. */
  async newest(roomNid: number, after: number, upTo: number, limit: number): Promise<StoredEvent[]> {
    const nids = this.recent?.newest(roomNid, after, upTo, limit);
    if (nids !== undefined) return this.#ofNids(nids);
    const rows = await this.reader.all(newestBetween(roomNid, after, upTo, limit));
    return this.events.fromRows(rows.reverse());
  }

  async #ofNids(nids: readonly number[]): Promise<StoredEvent[]> {
    const found = await this.events.byNids(nids);
    return nids.map((nid) => found.get(nid)).filter((event) => event !== undefined);
  }

  /** The oldest events with `after < position <= upTo`, oldest first; at most `limit`. */
  async oldest(roomNid: number, after: number, upTo: number, limit: number): Promise<StoredEvent[]> {
    return this.events.fromRows(await this.reader.all(oldestBetween(roomNid, after, upTo, limit)));
  }

  /** Events before a place, newest first. */
  async backward(roomNid: number, from: TimelinePlace, limit: number): Promise<StoredEvent[]> {
    return this.events.fromRows(await this.reader.all(backward(roomNid, from.depth, from.position, limit)));
  }

  /** Events after a place, oldest first. */
  async forward(roomNid: number, from: TimelinePlace, limit: number): Promise<StoredEvent[]> {
    return this.events.fromRows(await this.reader.all(forward(roomNid, from.depth, from.position, limit)));
  }

  /** The place of a stream position in a room's timeline: after the last event received up to then. */
  async placeAt(roomNid: number, position: number): Promise<TimelinePlace> {
    return (await this.reader.first(lastUpTo(roomNid, position))) ?? TIMELINE_START;
  }

  /** The position of the room's newest event; 0 for a room without any. */
  async lastPosition(roomNid: number): Promise<number> {
    return (await this.reader.first(lastPosition(roomNid)))?.position ?? 0;
  }
}
