import { type Reader, type Statement, statement } from '#platform/storage/index.ts';
import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';
import type { PusherRow } from './tables.ts';

const COLUMNS =
  'pusher_id, user_id, app_id, pushkey, kind, app_display_name, device_display_name, profile_tag, lang, data, enabled, ' +
  'device_id, session_id, created_ts';
const ofUser = statement<PusherRow>(`select ${COLUMNS} from pushers where user_id = ? order by pusher_id`);
const put = statement(
  `insert into pushers (${COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ` +
    'on conflict (app_id, pushkey, user_id) do update set kind = excluded.kind, ' +
    'app_display_name = excluded.app_display_name, device_display_name = excluded.device_display_name, ' +
    'profile_tag = excluded.profile_tag, lang = excluded.lang, data = excluded.data, enabled = excluded.enabled, ' +
    'device_id = excluded.device_id, session_id = excluded.session_id',
);
const remove = statement('delete from pushers where app_id = ? and pushkey = ? and user_id = ?');
const removeOfOthers = statement('delete from pushers where app_id = ? and pushkey = ? and user_id <> ?');
const removeOfDevice = statement('delete from pushers where user_id = ? and device_id = ?');
const removeOfSession = statement('delete from pushers where user_id = ? and session_id = ?');
const removeOfUser = statement('delete from pushers where user_id = ?');

export class PusherStore {
  constructor(private readonly reader: Reader) {}

  /** Oldest first. */
  ofUser(userId: UserId): Promise<PusherRow[]> {
    return this.reader.all(ofUser(userId));
  }

  /** Makes a pusher, or changes the user's own with the same app id and pushkey. */
  put(row: PusherRow): Statement {
    return put(
      row.pusher_id,
      row.user_id,
      row.app_id,
      row.pushkey,
      row.kind,
      row.app_display_name,
      row.device_display_name,
      row.profile_tag,
      row.lang,
      row.data,
      row.enabled,
      row.device_id,
      row.session_id,
      row.created_ts,
    );
  }

  remove(userId: UserId, appId: string, pushkey: string): Statement {
    return remove(appId, pushkey, userId);
  }

  /** A pushkey is a device's: whoever is logged in there now is the only one to be told there. */
  removeOfOthers(userId: UserId, appId: string, pushkey: string): Statement {
    return removeOfOthers(appId, pushkey, userId);
  }

  removeOfDevice(userId: UserId, deviceId: DeviceId): Statement {
    return removeOfDevice(userId, deviceId);
  }

  removeOfSession(userId: UserId, sessionId: number): Statement {
    return removeOfSession(userId, sessionId);
  }

  removeOfUser(userId: UserId): Statement {
    return removeOfUser(userId);
  }
}
