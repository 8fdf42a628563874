import { inTexts, listParameter, statement } from '#platform/storage/index.ts';
import type { Reader, SqlValue, Statement } from '#platform/storage/ports.ts';
import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { E2eKeysTables } from './tables.ts';

type Row = E2eKeysTables['device_keys'];

export interface StoredDeviceKeys {
  readonly userId: UserId;
  readonly deviceId: DeviceId;
  readonly keys: JsonObject;
}

const upsert = statement(
  'insert into device_keys (user_id, device_id, key_json) values (?, ?, ?) ' +
    'on conflict (user_id, device_id) do update set key_json = excluded.key_json',
);
const one = statement<Row>('select user_id, device_id, key_json from device_keys where user_id = ? and device_id = ?');
const removeDevice = statement('delete from device_keys where user_id = ? and device_id = ?');
const removeUser = statement('delete from device_keys where user_id = ?');

/** The identity keys of this server's devices. */
export class DeviceKeysStore {
  readonly #ofUsers: (...parameters: SqlValue[]) => Statement<Row>;

  constructor(private readonly reader: Reader) {
    const users = inTexts(reader.dialect, 'user_id');
    this.#ofUsers = statement(`select user_id, device_id, key_json from device_keys where ${users}`);
  }

  async find(userId: UserId, deviceId: DeviceId): Promise<JsonObject | undefined> {
    const row = await this.reader.first(one(userId, deviceId));
    return row === undefined ? undefined : (JSON.parse(row.key_json) as JsonObject);
  }

  async ofUsers(userIds: readonly UserId[]): Promise<StoredDeviceKeys[]> {
    const rows = await this.reader.all(this.#ofUsers(listParameter(userIds)));
    return rows.map((row) => ({
      userId: row.user_id as UserId,
      deviceId: row.device_id as DeviceId,
      keys: JSON.parse(row.key_json) as JsonObject,
    }));
  }

  put(userId: UserId, deviceId: DeviceId, keys: JsonObject): Statement {
    return upsert(userId, deviceId, JSON.stringify(keys));
  }

  removeDevice(userId: UserId, deviceId: DeviceId): Statement {
    return removeDevice(userId, deviceId);
  }

  removeUser(userId: UserId): Statement {
    return removeUser(userId);
  }
}
