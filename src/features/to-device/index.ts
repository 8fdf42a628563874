/**
 * Send-to-device messaging: delivers messages from device to device, and keeps each until the sync of its device has
 * acknowledged it. Not here: sync itself, and the sending of EDUs to other servers (a port).
 * https://spec.matrix.org/v1.19/client-server-api/#send-to-device-messaging
 */
import type { Route } from '#api/endpoint.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { Random } from '#platform/random/index.ts';
import type { Storage } from '#platform/storage/ports.ts';
import type { StreamBatch, StreamPosition, Streams } from '#platform/streams/index.ts';
import type { DeviceId, ServerName, UserId } from '#protocol/identifiers/index.ts';
import { Inbox, type InboxPage } from './inbox.ts';
import type { KnownDevices, RemoteInboxes } from './ports.ts';
import { toDeviceRoutes } from './routes.ts';
import { SendToDevice, type ToDeviceMessages } from './send-to-device.ts';
import { ToDeviceStore } from './to-device-store.ts';

export type { InboxPage } from './inbox.ts';
export type { DirectToDevice, KnownDevices, RemoteInboxes } from './ports.ts';
export type { ToDeviceMessages } from './send-to-device.ts';

/** How long a transaction id is remembered. */
const TRANSACTION_LIFETIME_MS = 7 * 24 * 60 * 60 * 1000;

export interface ToDeviceDeps {
  readonly serverName: ServerName;
  readonly storage: Pick<Storage, 'reader' | 'transactor'>;
  readonly streams: Pick<Streams, 'commit' | 'current'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Pick<Random, 'text'>;
  readonly devices: KnownDevices;
  /** Left out, messages to other servers are dropped. */
  readonly remote?: RemoteInboxes;
  /** Takes from the sender's `rc_key_requests`; false drops a request for keys to somebody else. Left out: no limit. */
  readonly mayRequestKeys?: (sender: UserId) => boolean;
}

export interface ToDevice {
  readonly routes: readonly Route[];
  /** What waits for a device after `since`, oldest first. Call `acknowledge` with the `since` of a sync first. */
  messagesFor(
    userId: UserId,
    deviceId: DeviceId,
    since: StreamPosition,
    upTo: StreamPosition,
    limit: number,
  ): InboxPage | Promise<InboxPage>;
  /** Deletes what has arrived at a device: all up to `upTo`. */
  acknowledge(userId: UserId, deviceId: DeviceId, upTo: StreamPosition): void | Promise<void>;
  /** Messages from a user of another server: the contribution that delivers them. */
  receive(sender: UserId, type: string, messages: ToDeviceMessages): Promise<(batch: StreamBatch) => void>;
  /** Forgets transaction ids of more than a week ago: to be run now and then. */
  expireTransactions(): Promise<void>;
  // Hooks of the accounts layer.
  onDevicesDeleted(userId: UserId, deviceIds: readonly DeviceId[], batch: StreamBatch): void;
  onAccountDeactivated(userId: UserId, options: unknown, batch: StreamBatch): void;
}

export function toDeviceFeature(deps: ToDeviceDeps): ToDevice {
  const { reader, transactor } = deps.storage;
  const store = new ToDeviceStore(reader);
  const inbox = new Inbox(store, transactor, deps.streams);
  const { remote, mayRequestKeys } = deps;
  const sender = new SendToDevice({ ...deps, store, inbox, remote, mayRequestKeys });
  return {
    routes: toDeviceRoutes(sender),
    messagesFor: (...parameters) => inbox.messagesFor(...parameters),
    acknowledge: (...parameters) => inbox.acknowledge(...parameters),
    receive: (...parameters) => sender.receive(...parameters),
    async expireTransactions() {
      const before = deps.clock.now() - TRANSACTION_LIFETIME_MS;
      await transactor.commit((batch) => batch.add(store.expireTransactions(before)));
    },
    onDevicesDeleted(userId, deviceIds, batch) {
      for (const deviceId of deviceIds) store.removeDevice(batch, userId, deviceId);
    },
    onAccountDeactivated: (userId, _, batch) => store.removeUser(batch, userId),
  };
}
