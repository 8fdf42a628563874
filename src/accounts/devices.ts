import type { Clock } from '#platform/clock/index.ts';
import type { StreamBatch, Streams } from '#platform/streams/index.ts';
import { notFound } from '#protocol/errors.ts';
import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';
import type { DeviceActivity } from './device-activity.ts';
import { checkDeviceId, checkDeviceName } from './device-names.ts';
import type { Device, DeviceConnection, DeviceStore } from './device-store.ts';
import type { AccountHooks } from './hooks.ts';
import type { Sessions } from './sessions.ts';

export interface DevicesDeps {
  readonly store: DeviceStore;
  readonly sessions: Sessions;
  readonly activity: DeviceActivity;
  readonly hooks: AccountHooks;
  readonly streams: Streams;
  readonly clock: Clock;
}

/** Stale devices deleted at a time. */
const STALE_CHUNK = 100;

/** The devices of local users. */
export class Devices {
  readonly #deps: DevicesDeps;

  constructor(deps: DevicesDeps) {
    this.#deps = deps;
  }

  /** As of now: what is not written yet of their use included. Hidden devices are left out. */
  async ofUser(userId: UserId): Promise<Device[]> {
    const devices = await this.#deps.store.ofUser(userId);
    const unwritten = this.#deps.activity.unwritten(userId);
    return devices.map((device) => withActivity(device, unwritten));
  }

  /** `undefined` for what is unknown or hidden. */
  async find(userId: UserId, deviceId: DeviceId): Promise<Device | undefined> {
    const device = await this.#deps.store.find(userId, deviceId);
    if (device === undefined || device.isHidden) return undefined;
    return withActivity(device, this.#deps.activity.unwritten(userId));
  }

  /** Of several users, hidden devices included, with their display names. Unknown users are missing. */
  devicesOf(userIds: readonly UserId[]): Promise<ReadonlyMap<UserId, ReadonlyMap<DeviceId, string | undefined>>> {
    return this.#deps.store.ofUsers(userIds);
  }

  /** Hidden ones included. */
  idsOf(userId: UserId): Promise<DeviceId[]> {
    return this.#deps.store.idsOf(userId);
  }

  /** From where the user's devices were used, the newest first. */
  async connectionsOf(userId: UserId): Promise<DeviceConnection[]> {
    const unwritten = this.#deps.activity.unwritten(userId);
    const written = await this.#deps.store.connectionsOf(userId);
    const isNewer = (old: DeviceConnection) =>
      unwritten.some(
        (each) => each.deviceId === old.deviceId && each.ip === old.ip && each.userAgent === old.userAgent,
      );
    return [...unwritten, ...written.filter((old) => !isNewer(old))].sort((a, b) => b.lastSeenTs - a.lastSeenTs);
  }

  /** Throws `M_NOT_FOUND`, and `M_TOO_LARGE` for a name of more than 100 characters. */
  async rename(userId: UserId, deviceId: DeviceId, displayName: string | undefined): Promise<void> {
    checkDeviceName(displayName);
    if ((await this.find(userId, deviceId)) === undefined) throw notFound('Unknown device');
    await this.#deps.streams.commit((batch) => {
      batch.add(this.#deps.store.rename(userId, deviceId, displayName));
      this.#changed(userId, [deviceId], batch);
    });
  }

  /**
   * A device without a session: an appservice's, or a dehydrated one (`isHidden`). Throws `M_INVALID_PARAM` for an id and
   * `M_TOO_LARGE` for a name that is too long.
   */
  async create(userId: UserId, deviceId: DeviceId, displayName: string | undefined, isHidden = false): Promise<void> {
    checkDeviceId(deviceId);
    checkDeviceName(displayName);
    await this.#deps.streams.commit((batch) => this.add(userId, deviceId, displayName, isHidden, batch));
  }

  /** As `create`, as a part of another batch. */
  add(
    userId: UserId,
    deviceId: DeviceId,
    displayName: string | undefined,
    isHidden: boolean,
    batch: StreamBatch,
  ): void {
    batch.add(this.#deps.store.insert(userId, deviceId, displayName, this.#deps.clock.now(), isHidden));
    this.#changed(userId, [deviceId], batch);
  }

  /** Deletes devices with their sessions, tokens and keys. Ids of no device are ignored. */
  async delete(userId: UserId, deviceIds: readonly DeviceId[]): Promise<void> {
    if (deviceIds.length === 0) return;
    const write = await this.prepareDelete(userId, deviceIds);
    await this.#deps.streams.commit(write);
  }

  /** Deletes all devices and ends all sessions of a user, but for those of `except`. */
  async deleteAll(
    userId: UserId,
    except?: { readonly deviceId: DeviceId | undefined; readonly sessionId: number | undefined },
  ): Promise<void> {
    const write = await this.prepareDeleteAll(userId, except);
    await this.#deps.streams.commit(write);
  }

  /** As `deleteAll`, as a part of another batch. */
  async prepareDeleteAll(
    userId: UserId,
    except: { readonly deviceId: DeviceId | undefined; readonly sessionId: number | undefined } | undefined = undefined,
  ): Promise<(batch: StreamBatch) => void> {
    const deviceIds = (await this.#deps.store.idsOf(userId)).filter((deviceId) => deviceId !== except?.deviceId);
    const endSessions = await this.#deps.sessions.prepareEnd({ userId, exceptSessionId: except?.sessionId });
    return (batch) => {
      this.#delete(userId, deviceIds, batch);
      endSessions(batch);
    };
  }

  /** As `delete`, as a part of another batch. */
  async prepareDelete(userId: UserId, deviceIds: readonly DeviceId[]): Promise<(batch: StreamBatch) => void> {
    const own = new Set(await this.#deps.store.idsOf(userId));
    const known = [...new Set(deviceIds)].filter((deviceId) => own.has(deviceId));
    const endSessions = await this.#deps.sessions.prepareEnd({ userId, deviceIds: known });
    return (batch) => {
      this.#delete(userId, known, batch);
      endSessions(batch);
    };
  }

  /** Deletes devices that nobody has used for `unusedForMs`. Answers how many. */
  async deleteStale(unusedForMs: number): Promise<number> {
    let deleted = 0;
    for (;;) {
      const stale = await this.#deps.store.unusedSince(this.#deps.clock.now() - unusedForMs, STALE_CHUNK);
      for (const [userId, devices] of Map.groupBy(stale, (device) => device.userId)) {
        await this.delete(
          userId,
          devices.map((device) => device.deviceId),
        );
      }
      deleted += stale.length;
      if (stale.length < STALE_CHUNK) return deleted;
    }
  }

  #delete(userId: UserId, deviceIds: readonly DeviceId[], batch: StreamBatch): void {
    if (deviceIds.length === 0) return;
    for (const hook of this.#deps.hooks.onDevicesDeleted) hook(userId, deviceIds, batch);
    for (const statement of this.#deps.store.delete(userId, deviceIds)) batch.add(statement);
    this.#changed(userId, deviceIds, batch);
  }

  #changed(userId: UserId, deviceIds: readonly DeviceId[], batch: StreamBatch): void {
    for (const hook of this.#deps.hooks.onDevicesChanged) hook(userId, deviceIds, batch);
  }
}

/** The device with the newest of what is not written yet. */
function withActivity(device: Device, unwritten: readonly DeviceConnection[]): Device {
  const latest = unwritten.findLast((each) => each.deviceId === device.deviceId);
  if (latest === undefined) return device;
  return { ...device, lastSeenTs: latest.lastSeenTs, lastSeenIp: latest.ip, lastSeenUserAgent: latest.userAgent };
}
