import { BatchConflict } from '#platform/storage/index.ts';
import type { Streams } from '#platform/streams/index.ts';
import { forbidden, invalidParam, MatrixError, notFound } from '#protocol/errors.ts';
import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject, JsonValue } from '#protocol/json.ts';
import type { DehydratedDevice, DehydratedDeviceStore } from './dehydrated-device-store.ts';
import type { DeviceRegistry, PrepareUpload } from './ports.ts';

export interface DehydratedDeviceUpload {
  readonly device_id: DeviceId;
  readonly device_data: JsonObject;
  readonly device_keys: JsonObject;
  readonly one_time_keys?: Readonly<Record<string, JsonValue>> | undefined;
  readonly fallback_keys?: Readonly<Record<string, JsonValue>> | undefined;
  readonly initial_device_display_name?: string | undefined;
}

/** Another upload of the same user may come between; more often than this is no accident. */
const ATTEMPTS = 3;

/** A device without a client, which receives messages for its user until a client takes it over. */
export class DehydratedDevices {
  constructor(
    private readonly store: DehydratedDeviceStore,
    private readonly streams: Pick<Streams, 'commit'>,
    private readonly devices: DeviceRegistry,
    private readonly prepareUpload: PrepareUpload,
  ) {}

  /** @throws MatrixError `M_NOT_FOUND` */
  async find(userId: UserId): Promise<DehydratedDevice> {
    const device = await this.store.find(userId);
    if (device === undefined) throw notFound('No dehydrated device available');
    return device;
  }

  /** The user's dehydrated device, which must be `deviceId`. @throws MatrixError `M_NOT_FOUND`, `M_FORBIDDEN` */
  async require(userId: UserId, deviceId: DeviceId): Promise<DehydratedDevice> {
    const device = await this.find(userId);
    if (device.deviceId !== deviceId) throw forbidden('You may only fetch messages for your dehydrated device');
    return device;
  }

  /** Puts a device, with its keys, in place of the one before, whose keys and messages go. */
  async put(userId: UserId, upload: DehydratedDeviceUpload): Promise<void> {
    const { device_id: deviceId, device_data: deviceData, initial_device_display_name: displayName } = upload;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const [before, known] = await Promise.all([this.store.find(userId), this.devices.devicesOf([userId])]);
      if (before?.deviceId !== deviceId && known.get(userId)?.has(deviceId)) {
        throw invalidParam('You have another device with this id');
      }
      const uploadKeys = this.prepareUpload(userId, deviceId, upload);
      const deleteOld = await this.devices.prepareDelete(userId, before === undefined ? [] : [before.deviceId]);
      try {
        await this.streams.commit((batch) => {
          if (before !== undefined) {
            batch.add(this.store.remove(userId, before.deviceId), 1);
            deleteOld(batch);
          }
          this.devices.add(userId, deviceId, displayName, true, batch);
          batch.add(this.store.insert(userId, { deviceId, deviceData }));
          uploadKeys(batch);
        });
        return;
      } catch (error) {
        if (!(error instanceof BatchConflict)) throw error;
      }
    }
    throw new MatrixError('M_LIMIT_EXCEEDED', 'Another dehydrated device is being made', {
      fields: { retry_after_ms: 1000 },
    });
  }

  /** @throws MatrixError `M_NOT_FOUND` */
  async delete(userId: UserId): Promise<DeviceId> {
    const { deviceId } = await this.find(userId);
    const deleteDevice = await this.devices.prepareDelete(userId, [deviceId]);
    await this.streams.commit((batch) => {
      batch.add(this.store.remove(userId, deviceId));
      deleteDevice(batch);
    });
    return deviceId;
  }
}
