import { statement } from '#platform/storage/index.ts';
import type { Reader, Statement } from '#platform/storage/ports.ts';
import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { DehydratedDeviceTables } from './tables.ts';

type Row = DehydratedDeviceTables['dehydrated_devices'];

export interface DehydratedDevice {
  readonly deviceId: DeviceId;
  readonly deviceData: JsonObject;
}

const select = statement<Row>('select user_id, device_id, device_data from dehydrated_devices where user_id = ?');
const insert = statement('insert into dehydrated_devices (user_id, device_id, device_data) values (?, ?, ?)');
const remove = statement('delete from dehydrated_devices where user_id = ? and device_id = ?');
const removeUser = statement('delete from dehydrated_devices where user_id = ?');

export class DehydratedDeviceStore {
  constructor(private readonly reader: Reader) {}

  async find(userId: UserId): Promise<DehydratedDevice | undefined> {
    const row = await this.reader.first(select(userId));
    if (row === undefined) return undefined;
    return { deviceId: row.device_id as DeviceId, deviceData: JSON.parse(row.device_data) as JsonObject };
  }

  /** Fails the batch where the user has a dehydrated device. */
  insert(userId: UserId, { deviceId, deviceData }: DehydratedDevice): Statement {
    return insert(userId, deviceId, JSON.stringify(deviceData));
  }

  remove(userId: UserId, deviceId: DeviceId): Statement {
    return remove(userId, deviceId);
  }

  removeUser(userId: UserId): Statement {
    return removeUser(userId);
  }
}
