/**
 * Device lists: which users' device or cross-signing keys changed, and who must learn of it because they share a room.
 * Answers `GET /keys/changes` and `device_lists` of sync. Not here: the keys themselves (`e2e-keys`, `cross-signing`), the
 * devices (`accounts`).
 * https://spec.matrix.org/v1.19/client-server-api/#tracking-the-device-list-for-a-user
 */
import type { Route } from '#api/endpoint.ts';
import type { Reader } from '#platform/storage/ports.ts';
import type { StreamBatch, StreamPosition, Streams } from '#platform/streams/index.ts';
import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';
import type { EventHook } from '#rooms/draft.ts';
import { DeviceListChanges, type DeviceListDelta, type Sharing } from './device-list-changes.ts';
import { DeviceListStore } from './device-list-store.ts';
import { deviceListRoutes, type ReadToken } from './routes.ts';
import { SharedRoomsStore } from './shared-rooms-store.ts';

export type { DeviceListDelta, Sharing } from './device-list-changes.ts';
export type { ReadToken } from './routes.ts';

export interface DeviceListsDeps {
  readonly reader: Reader;
  readonly streams: Pick<Streams, 'current'>;
  readonly sharing: Sharing;
  /** How sync tokens are read, where they are more than a position. */
  readonly readToken?: ReadToken;
}

export interface DeviceLists {
  readonly routes: readonly Route[];
  /** A user's devices, device keys or public cross-signing keys change with this batch: all who share a room learn of it. */
  deviceListChanged(batch: StreamBatch, userId: UserId): void;
  /** What `observer` alone sees of the users' keys changes with this batch. */
  deviceListChangedFor(batch: StreamBatch, observer: UserId, userIds: readonly UserId[]): void;
  /** `device_lists` of a sync from `since`: everything up to `upTo`, and perhaps some of what came after. */
  deviceListChanges(
    userId: UserId,
    since: StreamPosition,
    upTo: StreamPosition,
  ): DeviceListDelta | Promise<DeviceListDelta>;
  /** To be registered with the room engine: notes who comes and goes. */
  readonly eventHook: EventHook;
  // Hooks of the accounts layer.
  onDevicesChanged(userId: UserId, deviceIds: readonly DeviceId[], batch: StreamBatch): void;
  onAccountDeactivated(userId: UserId, options: unknown, batch: StreamBatch): void;
}

export function deviceListsFeature(deps: DeviceListsDeps): DeviceLists {
  const store = new DeviceListStore(deps.reader);
  const rooms = new SharedRoomsStore(deps.reader);
  const changes = new DeviceListChanges(store, rooms, deps.sharing, deps.streams.current());
  return {
    routes: deviceListRoutes(changes, deps.readToken),
    deviceListChanged: (batch, userId) => changes.changed(batch, userId),
    deviceListChangedFor: (batch, observer, userIds) => changes.changedFor(batch, observer, userIds),
    deviceListChanges(userId, since, upTo) {
      return since >= upTo ? { changed: [], left: [] } : changes.since(userId, since);
    },
    eventHook: {
      stateChanged(changed) {
        for (const { type, stateKey, room, position } of changed) {
          if (type === 'm.room.member') changes.memberChanged(room.roomId, stateKey as UserId, position);
        }
      },
    },
    onDevicesChanged: (userId, _, batch) => changes.changed(batch, userId),
    onAccountDeactivated(userId, _, batch) {
      changes.changed(batch, userId);
      batch.add(store.forgetObserver(userId));
    },
  };
}
