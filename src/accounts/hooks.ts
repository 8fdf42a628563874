import type { StreamBatch } from '#platform/streams/index.ts';
import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';
import type { NewAccount } from './account.ts';

/**
 * What layers above add to what happens to accounts. A hook with a batch adds statements to it: they are written with the
 * change or not at all. Registered at composition, before the first request.
 */
export interface AccountHooks {
  /** An account is made. */
  readonly onAccountCreated: ((account: NewAccount, batch: StreamBatch) => void)[];
  /** Devices appear, are renamed or go away: whoever keeps device lists takes a position for the user. */
  readonly onDevicesChanged: ((userId: UserId, deviceIds: readonly DeviceId[], batch: StreamBatch) => void)[];
  /** Devices are deleted, hidden ones too: their keys and waiting messages go with them. */
  readonly onDevicesDeleted: ((userId: UserId, deviceIds: readonly DeviceId[], batch: StreamBatch) => void)[];
  /** Sessions end, whether or not their devices go: what was set up with them (pushers) ends too. */
  readonly onSessionsEnded: ((userId: UserId, sessionIds: readonly number[], batch: StreamBatch) => void)[];
  /** An account is deactivated: what is kept of the user goes. `onDevicesDeleted` is called besides. */
  readonly onAccountDeactivated: ((userId: UserId, options: DeactivationOptions, batch: StreamBatch) => void)[];
  /**
   * The slow consequences of a deactivation, after its commit: leaving rooms, rejecting invites. Called one after the
   * other, and all again after a restart until none has failed, so they must bear being repeated.
   */
  readonly onAccountDeparted: ((userId: UserId, options: DeactivationOptions) => Promise<void>)[];
  /** Whether a device id must not be taken by a new device: it is a cross-signing key's. */
  readonly isDeviceIdReserved: ((userId: UserId, deviceId: DeviceId) => Promise<boolean>)[];
}

export interface DeactivationOptions {
  /** Whether the user asked that their messages be hidden from those who come later. */
  readonly erase: boolean;
}

/** Without any hooks. */
export function createAccountHooks(): AccountHooks {
  return {
    onAccountCreated: [],
    onDevicesChanged: [],
    onDevicesDeleted: [],
    onSessionsEnded: [],
    onAccountDeactivated: [],
    onAccountDeparted: [],
    isDeviceIdReserved: [],
  };
}
