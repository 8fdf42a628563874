import { type Reader, type Statement, statement } from '#platform/storage/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { PresenceRow } from './tables.ts';

const COLUMNS = 'user_id, presence, status_msg, last_active_ts';
const one = statement<PresenceRow>(`select ${COLUMNS} from presence where user_id = ?`);
const notOffline = statement<PresenceRow>(`select ${COLUMNS} from presence where presence <> 'offline'`);
const put = statement(
  `insert into presence (${COLUMNS}) values (?, ?, ?, ?) on conflict (user_id) do update set ` +
    'presence = excluded.presence, status_msg = excluded.status_msg, last_active_ts = excluded.last_active_ts',
);
const remove = statement('delete from presence where user_id = ?');

export class PresenceStore {
  constructor(private readonly reader: Reader) {}

  find(userId: UserId): Promise<PresenceRow | undefined> {
    return this.reader.first(one(userId));
  }

  notOffline(): Promise<PresenceRow[]> {
    return this.reader.all(notOffline());
  }

  put(row: PresenceRow): Statement {
    return put(row.user_id, row.presence, row.status_msg, row.last_active_ts);
  }

  remove(userId: UserId): Statement {
    return remove(userId);
  }
}
