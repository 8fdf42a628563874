import type { Accounts } from '#accounts/index.ts';
import type { Route } from '#api/endpoint.ts';
import { crossSigningFeature } from '#features/cross-signing/index.ts';
import { dehydratedDevicesFeature } from '#features/dehydrated-devices/index.ts';
import { type DeviceLists, deviceListsFeature } from '#features/device-lists/index.ts';
import { DeviceKeysStore, type E2eKeys, e2eKeysFeature } from '#features/e2e-keys/index.ts';
import { keyBackupFeature } from '#features/key-backup/index.ts';
import { type ToDevice, toDeviceFeature } from '#features/to-device/index.ts';
import { isJsonObject } from '#protocol/json.ts';
import type { Rooms } from '#rooms/index.ts';
import type { Platform } from './platform.ts';

export interface Encryption {
  readonly routes: readonly Route[];
  readonly deviceLists: DeviceLists;
  readonly e2eKeys: E2eKeys;
  readonly toDevice: ToDevice;
}

/** Keys, signatures, backups and messages between devices, tied to the devices they belong to. */
export function composeEncryption(platform: Platform, rooms: Rooms, accounts: Accounts): Encryption {
  const { storage, clock, random, config, rateLimits } = platform;
  const { streams } = rooms;
  const { serverName } = config.server;
  const deviceLists = deviceListsFeature({
    reader: storage.reader,
    streams,
    sharing: { memberships: rooms.members, joinedRooms: rooms.joined },
  });
  const deviceKeys = new DeviceKeysStore(storage.reader);
  const crossSigning = crossSigningFeature({
    reader: storage.reader,
    streams,
    clock,
    devices: accounts.devices,
    deviceKeys,
    async confirmIdentity({ requester, request, body }) {
      const { auth, ...clientDict } = body;
      await accounts.uia.run({ requester, request, auth: isJsonObject(auth) ? auth : undefined, clientDict });
    },
    deviceListChanged: deviceLists.deviceListChanged,
    deviceListChangedFor: deviceLists.deviceListChangedFor,
  });
  const e2eKeys = e2eKeysFeature({
    serverName,
    storage,
    streams,
    clock,
    deviceKeys,
    devices: accounts.devices,
    crossSigning,
    deviceListChanged: deviceLists.deviceListChanged,
    forgetSignatures: crossSigning.forgetSignatures,
  });
  const toDevice = toDeviceFeature({
    serverName,
    storage,
    streams,
    clock,
    random,
    devices: accounts.devices,
    mayRequestKeys(sender) {
      try {
        rateLimits.limiter('rc_key_requests').take(sender);
        return true;
      } catch {
        // Over the limit: such a request is dropped without a word.
        return false;
      }
    },
  });
  const keyBackup = keyBackupFeature({ storage });
  const dehydrated = dehydratedDevicesFeature({
    reader: storage.reader,
    streams,
    devices: accounts.devices,
    prepareUpload: e2eKeys.prepareUpload,
    messagesFor: toDevice.messagesFor,
  });
  const { hooks } = accounts;
  hooks.onDevicesChanged.push(deviceLists.onDevicesChanged);
  hooks.isDeviceIdReserved.push(crossSigning.isDeviceIdReserved);
  for (const slice of [e2eKeys, crossSigning, toDevice, dehydrated]) {
    hooks.onDevicesDeleted.push(slice.onDevicesDeleted);
    hooks.onAccountDeactivated.push(slice.onAccountDeactivated);
  }
  hooks.onAccountDeactivated.push(keyBackup.onAccountDeactivated, deviceLists.onAccountDeactivated);
  return {
    routes: [deviceLists, crossSigning, e2eKeys, toDevice, keyBackup, dehydrated].flatMap(({ routes }) => routes),
    deviceLists,
    e2eKeys,
    toDevice,
  };
}
