import {
  inIntegers,
  listParameter,
  type Reader,
  type SqlValue,
  type Statement,
  statement,
} from '#platform/storage/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { ReceiptRow } from './tables.ts';

/** One receipt a user has at a time. */
export type ReceiptKey = Pick<ReceiptRow, 'room_nid' | 'user_id' | 'receipt_type' | 'thread_id'>;

const COLUMNS = 'room_nid, user_id, receipt_type, thread_id, event_id, event_position, ts, position';
const one = statement<ReceiptRow>(
  `select ${COLUMNS} from receipts where room_nid = ? and user_id = ? and receipt_type = ? and thread_id = ?`,
);
const advance = statement(
  `insert into receipts (${COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?) ` +
    'on conflict (room_nid, user_id, receipt_type, thread_id) do update set event_id = excluded.event_id, ' +
    'event_position = excluded.event_position, ts = excluded.ts, position = excluded.position ' +
    'where excluded.event_position > receipts.event_position',
);
/** Rooms named in one query at most. */
const CHUNK = 200;

export class ReceiptStore {
  readonly #between: (...parameters: SqlValue[]) => Statement<ReceiptRow>;

  constructor(private readonly reader: Reader) {
    this.#between = statement(
      `select ${COLUMNS} from receipts where ${inIntegers(reader.dialect, 'room_nid')} and position > ? and position <= ? ` +
        "and (receipt_type <> 'm.read.private' or user_id = ?) order by position",
    );
  }

  find(key: ReceiptKey): Promise<ReceiptRow | undefined> {
    return this.reader.first(one(key.room_nid, key.user_id, key.receipt_type, key.thread_id));
  }

  /** Receipts with `after < position <= upTo`, by room, oldest first; of the private ones only the reader's own. */
  async between(
    roomNids: readonly number[],
    after: number,
    upTo: number,
    reader: UserId,
  ): Promise<Map<number, ReceiptRow[]>> {
    const byRoom = new Map<number, ReceiptRow[]>();
    for (let at = 0; at < roomNids.length; at += CHUNK) {
      const list = listParameter(roomNids.slice(at, at + CHUNK));
      for (const row of await this.reader.all(this.#between(list, after, upTo, reader))) {
        const ofRoom = byRoom.get(row.room_nid);
        if (ofRoom === undefined) byRoom.set(row.room_nid, [row]);
        else ofRoom.push(row);
      }
    }
    return byRoom;
  }

  /** Takes no effect if the user has a receipt of that kind at a later event. */
  advance(row: ReceiptRow): Statement {
    return advance(
      row.room_nid,
      row.user_id,
      row.receipt_type,
      row.thread_id,
      row.event_id,
      row.event_position,
      row.ts,
      row.position,
    );
  }
}
