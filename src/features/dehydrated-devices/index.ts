/**
 * Dehydrated devices: a device without a client, at most one a user, that receives keys while no client is logged in. Not
 * here: its keys (`e2e-keys`) and its inbox (`to-device`), which are those of any device.
 * https://github.com/matrix-org/matrix-spec-proposals/pull/3814
 */
import type { Route } from '#api/endpoint.ts';
import type { Reader } from '#platform/storage/ports.ts';
import type { StreamBatch, Streams } from '#platform/streams/index.ts';
import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';
import { DehydratedDeviceStore } from './dehydrated-device-store.ts';
import { DehydratedDevices } from './dehydrated-devices.ts';
import type { DeviceRegistry, MessagesFor, PrepareUpload } from './ports.ts';
import { dehydratedDeviceRoutes } from './routes.ts';

export type { DeviceRegistry, MessagesFor, PrepareUpload } from './ports.ts';

export interface DehydratedDevicesDeps {
  readonly reader: Reader;
  readonly streams: Pick<Streams, 'commit' | 'current'>;
  readonly devices: DeviceRegistry;
  readonly prepareUpload: PrepareUpload;
  readonly messagesFor: MessagesFor;
}

export interface DehydratedDevicesFeature {
  readonly routes: readonly Route[];
  /** Should one of them be the dehydrated device, that is forgotten. */
  // Hooks of the accounts layer.
  onDevicesDeleted(userId: UserId, deviceIds: readonly DeviceId[], batch: StreamBatch): void;
  onAccountDeactivated(userId: UserId, options: unknown, batch: StreamBatch): void;
}

export function dehydratedDevicesFeature(deps: DehydratedDevicesDeps): DehydratedDevicesFeature {
  const store = new DehydratedDeviceStore(deps.reader);
  const devices = new DehydratedDevices(store, deps.streams, deps.devices, deps.prepareUpload);
  return {
    routes: dehydratedDeviceRoutes(devices, deps.messagesFor, deps.streams),
    onDevicesDeleted(userId, deviceIds, batch) {
      for (const deviceId of deviceIds) batch.add(store.remove(userId, deviceId));
    },
    onAccountDeactivated: (userId, _, batch) => void batch.add(store.removeUser(userId)),
  };
}
