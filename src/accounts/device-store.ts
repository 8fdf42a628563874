import { inTexts, listParameter, type Reader, type Statement, statement } from '#platform/storage/index.ts';
import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';
import type { AccountTables } from './tables.ts';

type Row = AccountTables['devices'];

/** A device of a local user. */
export interface Device {
  readonly userId: UserId;
  readonly deviceId: DeviceId;
  readonly displayName: string | undefined;
  /** Milliseconds since the epoch. */
  readonly createdTs: number;
  readonly lastSeenTs: number | undefined;
  readonly lastSeenIp: string | undefined;
  readonly lastSeenUserAgent: string | undefined;
  /** Dehydrated: nobody is logged in with it. */
  readonly isHidden: boolean;
}

/** One address and program that a device was used from. */
export interface DeviceConnection {
  readonly deviceId: DeviceId;
  readonly ip: string;
  readonly userAgent: string;
  readonly lastSeenTs: number;
}

const one = statement<Row>('select * from devices where user_id = ? and device_id = ?');
const ofUser = statement<Row>('select * from devices where user_id = ? and is_hidden = 0 order by device_id');
const allOfUser = statement<{ device_id: string }>('select device_id from devices where user_id = ?');
const insert = statement(
  'insert into devices (user_id, device_id, display_name, created_ts, is_hidden) values (?, ?, ?, ?, ?) ' +
    'on conflict (user_id, device_id) do nothing',
);
const rename = statement('update devices set display_name = ? where user_id = ? and device_id = ? and is_hidden = 0');
const reveal = statement('update devices set is_hidden = 0 where user_id = ? and device_id = ?');
const seen = statement(
  'update devices set last_seen_ts = ?, last_seen_ip = ?, last_seen_user_agent = ? where user_id = ? and device_id = ?',
);
const connected = statement(
  'insert into device_connections (user_id, device_id, ip, user_agent, last_seen_ts) ' +
    'select user_id, device_id, cast(? as text), cast(? as text), cast(? as bigint) from devices ' +
    'where user_id = ? and device_id = ? ' +
    'on conflict (user_id, device_id, ip, user_agent) do update set last_seen_ts = excluded.last_seen_ts',
);
const connections = statement<AccountTables['device_connections']>(
  'select * from device_connections where user_id = ? order by last_seen_ts desc',
);
const forgetConnections = statement('delete from device_connections where last_seen_ts < ?');
const stale = statement<{ user_id: string; device_id: string }>(
  'select user_id, device_id from devices where is_hidden = 0 and last_seen_ts < ? order by last_seen_ts limit ?',
);

/** The devices of local users. */
export class DeviceStore {
  constructor(private readonly reader: Reader) {}

  /** Hidden ones included: see `isHidden`. */
  async find(userId: UserId, deviceId: DeviceId): Promise<Device | undefined> {
    const row = await this.reader.first(one(userId, deviceId));
    return row === undefined ? undefined : toDevice(row);
  }

  /** Without hidden ones, by device id. */
  async ofUser(userId: UserId): Promise<Device[]> {
    return (await this.reader.all(ofUser(userId))).map(toDevice);
  }

  /** Hidden ones included. */
  async idsOf(userId: UserId): Promise<DeviceId[]> {
    return (await this.reader.all(allOfUser(userId))).map((row) => row.device_id as DeviceId);
  }

  /** Of several users, hidden devices included, with their display names. Unknown users are missing. */
  async ofUsers(userIds: readonly UserId[]): Promise<Map<UserId, Map<DeviceId, string | undefined>>> {
    const found = new Map<UserId, Map<DeviceId, string | undefined>>();
    const rows = await this.reader.all<{ user_id: string; device_id: string | null; display_name: string | null }>({
      sql:
        'select u.user_id, d.device_id, d.display_name from users u left join devices d on d.user_id = u.user_id ' +
        `where ${inTexts(this.reader.dialect, 'u.user_id')}`,
      parameters: [listParameter(userIds)],
    });
    for (const { user_id, device_id, display_name } of rows) {
      const devices = found.get(user_id as UserId) ?? new Map<DeviceId, string | undefined>();
      found.set(user_id as UserId, devices);
      if (device_id !== null) devices.set(device_id as DeviceId, display_name ?? undefined);
    }
    return found;
  }

  async connectionsOf(userId: UserId): Promise<DeviceConnection[]> {
    const rows = await this.reader.all(connections(userId));
    return rows.map((row) => ({
      deviceId: row.device_id as DeviceId,
      ip: row.ip,
      userAgent: row.user_agent,
      lastSeenTs: row.last_seen_ts,
    }));
  }

  /** The `limit` devices unused for longest, among those unused since `beforeMs`. */
  async unusedSince(
    beforeMs: number,
    limit: number,
  ): Promise<{ readonly userId: UserId; readonly deviceId: DeviceId }[]> {
    const rows = await this.reader.allHeavy(stale(beforeMs, limit));
    return rows.map((row) => ({ userId: row.user_id as UserId, deviceId: row.device_id as DeviceId }));
  }

  /** Does nothing where the device exists. */
  insert(
    userId: UserId,
    deviceId: DeviceId,
    displayName: string | undefined,
    nowMs: number,
    isHidden = false,
  ): Statement {
    return insert(userId, deviceId, displayName ?? null, nowMs, isHidden ? 1 : 0);
  }

  rename(userId: UserId, deviceId: DeviceId, displayName: string | undefined): Statement {
    return rename(displayName ?? null, userId, deviceId);
  }

  /** A dehydrated device comes to life. */
  reveal(userId: UserId, deviceId: DeviceId): Statement {
    return reveal(userId, deviceId);
  }

  delete(userId: UserId, deviceIds: readonly DeviceId[]): Statement[] {
    const list = listParameter(deviceIds);
    const among = inTexts(this.reader.dialect, 'device_id');
    return ['devices', 'device_connections'].map((table) => ({
      sql: `delete from ${table} where user_id = ? and ${among}`,
      parameters: [userId, list],
    }));
  }

  /** Does nothing where the device has been deleted meanwhile. */
  seen(userId: UserId, { deviceId, ip, userAgent, lastSeenTs }: DeviceConnection): Statement[] {
    return [seen(lastSeenTs, ip, userAgent, userId, deviceId), connected(ip, userAgent, lastSeenTs, userId, deviceId)];
  }

  forgetConnections(beforeMs: number): Statement {
    return forgetConnections(beforeMs);
  }
}

function toDevice(row: Row): Device {
  return {
    userId: row.user_id as UserId,
    deviceId: row.device_id as DeviceId,
    displayName: row.display_name ?? undefined,
    createdTs: row.created_ts,
    lastSeenTs: row.last_seen_ts ?? undefined,
    lastSeenIp: row.last_seen_ip ?? undefined,
    lastSeenUserAgent: row.last_seen_user_agent ?? undefined,
    isHidden: row.is_hidden === 1,
  };
}
