import {
  inIntegers,
  listParameter,
  type Reader,
  type SqlValue,
  type Statement,
  statement,
} from '#platform/storage/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { NotifiedUserRow, ReadMarkRow } from './tables.ts';

/** The mark for the whole room, whatever the thread. */
export const MARK_EVERYTHING = '*';
/** The event with which the user came into the room: what was before is not theirs. */
export const MARK_JOINED = '+';

/** Events of one thread and audience since a position. */
export interface UnreadGroup {
  readonly thread: string;
  readonly audienceNid: number;
  /** All of them, read or not. */
  readonly scanned: number;
  /** Those that the user neither sent nor has read. */
  readonly unread: number;
  /** The position of the first unread one. */
  readonly oldest: number | undefined;
}

export interface UnreadRange {
  readonly roomNid: number;
  readonly after: number;
  readonly upTo: number;
}

interface GroupRow {
  readonly thread: string;
  readonly audience_nid: number;
  readonly scanned: number;
  readonly unread: number;
  readonly oldest: number | null;
}

/** Positions so far apart may hold so many events that another thread has to count them. */
const WIDE_RANGE = 50_000;

const IS_UNREAD = 'e.sender <> ? and (m.position is null or e.position > m.position)';
const groups = statement<GroupRow>(
  'select e.thread, e.audience_nid, count(*) as scanned, ' +
    `sum(case when ${IS_UNREAD} then 1 else 0 end) as unread, min(case when ${IS_UNREAD} then e.position end) as oldest ` +
    'from notified_events e left join read_marks m on m.user_id = ? and m.room_nid = e.room_nid and m.thread = e.thread ' +
    'where e.room_nid = ? and e.position > ? and e.position <= ? group by e.thread, e.audience_nid',
);
const individuals = statement<NotifiedUserRow & { mark: number | null }>(
  'select u.user_id, u.room_nid, u.position, u.event_nid, u.thread, u.audience_nid, u.highlight, u.actions, ' +
    'm.position as mark from notified_users u ' +
    'left join read_marks m on m.user_id = u.user_id and m.room_nid = u.room_nid and m.thread = u.thread ' +
    'where u.user_id = ? and u.room_nid = ? and u.position > ? and u.position <= ?',
);
const advance = statement(
  'insert into read_marks (user_id, room_nid, thread, position) values (?, ?, ?, ?) on conflict (user_id, room_nid, thread) ' +
    'do update set position = excluded.position where excluded.position > read_marks.position',
);
const removeUser = statement('delete from read_marks where user_id = ?');

/** How far users have read, and what there is beyond. */
export class ReadMarkStore {
  readonly #marks: (...parameters: SqlValue[]) => Statement<Omit<ReadMarkRow, 'user_id'>>;

  constructor(private readonly reader: Reader) {
    const inRooms = inIntegers(reader.dialect, 'room_nid');
    this.#marks = statement(`select room_nid, thread, position from read_marks where user_id = ? and ${inRooms}`);
  }

  /** The marks of a user, by room and thread. */
  async marks(userId: UserId, roomNids: readonly number[]): Promise<Map<number, Map<string, number>>> {
    const found = new Map<number, Map<string, number>>();
    for (const row of await this.reader.all(this.#marks(userId, listParameter(roomNids)))) {
      const ofRoom = found.get(row.room_nid);
      if (ofRoom === undefined) found.set(row.room_nid, new Map([[row.thread, row.position]]));
      else ofRoom.set(row.thread, row.position);
    }
    return found;
  }

  /** The events that notified an audience, with `after < position <= upTo`. */
  async groups(userId: UserId, { roomNid, after, upTo }: UnreadRange): Promise<UnreadGroup[]> {
    const query = groups(userId, userId, userId, roomNid, after, upTo);
    const rows = await (upTo - after > WIDE_RANGE ? this.reader.allHeavy(query) : this.reader.all(query));
    return rows.map((row) => ({
      thread: row.thread,
      audienceNid: row.audience_nid,
      scanned: Number(row.scanned),
      unread: Number(row.unread),
      oldest: row.oldest === null ? undefined : Number(row.oldest),
    }));
  }

  /** What notified the user in particular, with `after < position <= upTo`; `mark` is how far they have read its thread. */
  individuals(
    userId: UserId,
    { roomNid, after, upTo }: UnreadRange,
  ): Promise<(NotifiedUserRow & { mark: number | null })[]> {
    return this.reader.all(individuals(userId, roomNid, after, upTo));
  }

  /** Marks never move back. */
  advance({ user_id: userId, room_nid: roomNid, thread, position }: ReadMarkRow): Statement {
    return advance(userId, roomNid, thread, position);
  }

  removeUser(userId: UserId): Statement {
    return removeUser(userId);
  }
}
