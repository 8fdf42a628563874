import { statement } from '#platform/storage/index.ts';
import type { Reader, Statement } from '#platform/storage/ports.ts';
import type { StreamPosition } from '#platform/streams/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { DeviceListTables } from './tables.ts';

type Row = Pick<DeviceListTables['device_list_changes'], 'user_id'>;

/** `visible_to` of a change that everybody who shares a room with the user sees. */
const EVERYBODY = '';

const selectChanged = statement<Row>('select user_id from device_list_changes where visible_to = ? and position > ?');
const upsert = statement(
  'insert into device_list_changes (user_id, visible_to, position) values (?, ?, ?) ' +
    'on conflict (user_id, visible_to) do update set position = excluded.position',
);
const removeVisibleTo = statement('delete from device_list_changes where visible_to = ?');
const joinedRoomIds = statement<{ room_id: string }>(
  "select r.room_id from memberships m join rooms r on r.room_nid = m.room_nid where m.user_id = ? and m.membership = 'join'",
);

/** When users' device lists last changed. Only the last change is kept, so that the table is no longer than the users are many. */
export class DeviceListStore {
  constructor(private readonly reader: Reader) {}

  /** Users with a change after `since` that everybody who shares a room with them sees. */
  changedSince(since: StreamPosition): Promise<UserId[]> {
    return this.#changed(EVERYBODY, since);
  }

  /** Users with a change after `since` that only `observer` sees. */
  changedForSince(observer: UserId, since: StreamPosition): Promise<UserId[]> {
    return this.#changed(observer, since);
  }

  changed(userId: UserId, position: StreamPosition): Statement {
    return upsert(userId, EVERYBODY, position);
  }

  changedFor(observer: UserId, userId: UserId, position: StreamPosition): Statement {
    return upsert(userId, observer, position);
  }

  forgetObserver(observer: UserId): Statement {
    return removeVisibleTo(observer);
  }

  /** Added to a batch, this reads the rooms the user is in at that very point of the writes. */
  roomsOf(userId: UserId): Statement<{ room_id: string }> {
    return joinedRoomIds(userId);
  }

  async #changed(visibleTo: string, since: StreamPosition): Promise<UserId[]> {
    return (await this.reader.all(selectChanged(visibleTo, since))).map((row) => row.user_id as UserId);
  }
}
