import type { StreamBatch } from '#platform/streams/index.ts';
import type { DeviceId, ServerName, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';

/** The devices of this server's users, as the accounts layer knows them. */
export interface KnownDevices {
  /** All devices, dehydrated ones included. Unknown users are missing. */
  devicesOf(userIds: readonly UserId[]): Promise<ReadonlyMap<UserId, ReadonlyMap<DeviceId, string | undefined>>>;
}

/** The content of an `m.direct_to_device` EDU. https://spec.matrix.org/v1.19/server-server-api/#send-to-device-messaging */
export interface DirectToDevice {
  readonly sender: UserId;
  readonly type: string;
  readonly message_id: string;
  readonly messages: Readonly<Record<string, Readonly<Record<string, JsonObject>>>>;
}

/** Devices elsewhere. */
export interface RemoteInboxes {
  /** Queues an EDU durably, with the batch. */
  queue(batch: StreamBatch, server: ServerName, content: DirectToDevice): void;
}
