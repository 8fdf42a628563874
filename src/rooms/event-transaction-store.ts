import { inIntegers, listParameter, statement } from '#platform/storage/index.ts';
import type { Reader, Statement } from '#platform/storage/ports.ts';
import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';
import type { StoredEvent } from './stored-event.ts';

/** A request to send an event, as a client repeats it when it got no answer. */
export interface EventRequest {
  readonly userId: UserId;
  /** The device; what else tells callers apart for tokens without one. It stays when its access token is refreshed. */
  readonly deviceId: DeviceId | string;
  readonly roomNid: number;
  /** What of the path, besides the room, tells requests apart: `send m.room.message`, `redact $event`. */
  readonly operation: string;
  readonly txnId: string;
}

/** An event and the request that it was sent by. */
export interface SentRow {
  readonly event_nid: number;
  readonly room_nid: number;
  readonly operation: string;
  readonly txn_id: string;
}

const COLUMNS = 'event_nid, room_nid, operation, txn_id';
const insert = statement(
  'insert into event_transactions (event_nid, user_id, device_id, room_nid, operation, txn_id, sent_ts) values (?, ?, ?, ?, ?, ?, ?)',
);
const selectOne = statement<{ event_nid: number }>(
  'select event_nid from event_transactions where user_id = ? and device_id = ? and room_nid = ? and operation = ? and txn_id = ?',
);
const selectOfDevice = statement<SentRow>(
  `select ${COLUMNS} from event_transactions where user_id = ? and device_id = ? limit ?`,
);
const deleteBefore = statement('delete from event_transactions where sent_ts < ?');

/** The requests that events of the last day were sent by. */
export class EventTransactionStore {
  constructor(private readonly reader: Reader) {}

  /** The event of a request, if there is one. */
  async find({ userId, deviceId, roomNid, operation, txnId }: EventRequest): Promise<number | undefined> {
    return (await this.reader.first(selectOne(userId, deviceId, roomNid, operation, txnId)))?.event_nid;
  }

  /** Some of a device's requests, all if there are fewer than `limit`. */
  ofDevice(userId: UserId, deviceId: string, limit: number): Promise<SentRow[]> {
    return this.reader.all(selectOfDevice(userId, deviceId, limit));
  }

  /** Those of the events that this device has sent. It looks through what the device has sent to their rooms. */
  async byEvents(events: readonly StoredEvent[], userId: UserId, deviceId: DeviceId): Promise<SentRow[]> {
    if (events.length === 0) return [];
    const { dialect } = this.reader;
    const sql =
      `select ${COLUMNS} from event_transactions where user_id = ? and device_id = ? and ` +
      `${inIntegers(dialect, 'room_nid')} and ${inIntegers(dialect, 'event_nid')}`;
    const rooms = listParameter(new Set(events.map(({ roomNid }) => roomNid)));
    const parameters = [userId, deviceId, rooms, listParameter(events.map(({ nid }) => nid))];
    return this.reader.all<SentRow>({ sql, parameters });
  }

  /** Fails its batch if the request has an event already. */
  insert(eventNid: number, { userId, deviceId, roomNid, operation, txnId }: EventRequest, sentMs: number): Statement {
    return insert(eventNid, userId, deviceId, roomNid, operation, txnId, sentMs);
  }

  deleteBefore(sentMs: number): Statement {
    return deleteBefore(sentMs);
  }
}
