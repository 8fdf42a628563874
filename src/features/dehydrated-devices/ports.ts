import type { StreamBatch, StreamPosition } from '#platform/streams/index.ts';
import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject, JsonValue } from '#protocol/json.ts';

/** Devices in the accounts layer: its `Devices`. */
export interface DeviceRegistry {
  /** All devices, dehydrated ones included. */
  devicesOf(userIds: readonly UserId[]): Promise<ReadonlyMap<UserId, ReadonlyMap<DeviceId, string | undefined>>>;
  /** Adds a device that has no access token; hidden, it is not listed among the user's devices. */
  add(userId: UserId, deviceId: DeviceId, displayName: string | undefined, isHidden: boolean, batch: StreamBatch): void;
  /** Deletes devices with all that hangs on them: every hook for the deletion of devices adds to the batch. */
  prepareDelete(userId: UserId, deviceIds: readonly DeviceId[]): Promise<(batch: StreamBatch) => void>;
}

/** Of `e2e-keys`: checks an upload for a new device; the statements that store it are added by what it answers. */
export type PrepareUpload = (
  userId: UserId,
  deviceId: DeviceId,
  upload: {
    readonly device_keys: JsonObject;
    readonly one_time_keys?: Readonly<Record<string, JsonValue>> | undefined;
    readonly fallback_keys?: Readonly<Record<string, JsonValue>> | undefined;
  },
) => (batch: StreamBatch) => void;

interface Page {
  readonly messages: readonly string[];
  readonly upTo: StreamPosition;
  readonly hasMore: boolean;
}

/** Of `to-device`: the messages that wait for a device. */
export type MessagesFor = (
  userId: UserId,
  deviceId: DeviceId,
  since: StreamPosition,
  upTo: StreamPosition,
  limit: number,
) => Page | Promise<Page>;
