import type { Route } from '#api/endpoint.ts';
import type { AccountData, AccountDataEvent, AccountDataEvents } from '#features/account-data/index.ts';
import type { FiltersFeature } from '#features/filters/index.ts';
import type { InviteState } from '#features/membership/index.ts';
import type { RelationsFeature } from '#features/relations/index.ts';
import { ChangeTracker, LazyMembers, type Range, SharedTimelines, syncFeature } from '#features/sync/index.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { type EventHook, RoomSummaries, type Rooms, StateDeltaStore } from '#rooms/index.ts';
import type { Encryption } from './encryption.ts';
import type { Notifications } from './notifications.ts';
import type { Platform } from './platform.ts';

export interface SyncOptions {
  readonly rooms: Rooms;
  readonly accountData: AccountData;
  readonly filters: FiltersFeature;
  readonly notifications: Notifications;
  readonly encryption: Encryption;
  readonly relations: RelationsFeature;
  readonly inviteState: InviteState;
}

/** Messages to one device in one answer at most. */
const TO_DEVICE_LIMIT = 100;

/** `/sync`, given what the other slices have to tell. */
export function composeSync(
  { storage, clock, caches }: Platform,
  options: SyncOptions,
): { readonly routes: readonly Route[]; readonly hooks: readonly EventHook[] } {
  const { rooms, accountData, filters, notifications, encryption, relations, inviteState } = options;
  const { streams } = rooms;
  const tracker = new ChangeTracker(streams.current());
  const summaries = new RoomSummaries(storage.reader, caches.cache('room-summaries', 0.02));
  const changed = ({ since, upTo }: Range, userId: UserId) =>
    since === undefined ? accountData.all(userId) : accountData.changesSince(userId, since, upTo);
  const told = (events: readonly AccountDataEvent[], { since }: Range) =>
    // To a client that knows nothing yet, what was deleted has never been.
    since === undefined ? events.filter(({ text }) => !text.endsWith('"content":{}}')) : events;
  const { routes } = syncFeature({
    streams,
    clock,
    stores: {
      ...rooms,
      deltas: new StateDeltaStore(storage.reader),
      lazyMembers: new LazyMembers(),
      relationsOf: relations.relationsOf,
      summaries,
      sharedTimelines: new SharedTimelines(clock),
      tracker,
    },
    sources: {
      filterById: async (userId, filterId) => (await filters.filterById(userId, filterId)) as JsonObject | undefined,
      ignoredBy: (userId) => accountData.ignoredBy(userId),
      accountData: {
        global(userId, range) {
          const pushRules = notifications.pushRulesEvent(userId, range);
          const found = changed(range, userId);
          if (pushRules === undefined && !(found instanceof Promise)) return told(found.global, range);
          return Promise.all([found, pushRules]).then(([{ global }, rules]) => [
            ...told(global, range),
            ...(rules === undefined ? [] : [rules]),
          ]);
        },
        rooms(userId, range) {
          const found = changed(range, userId);
          const toldOf = ({ rooms }: AccountDataEvents): ReadonlyMap<RoomId, readonly AccountDataEvent[]> =>
            rooms.size === 0 ? rooms : new Map([...rooms].map(([roomId, events]) => [roomId, told(events, range)]));
          return found instanceof Promise ? found.then(toldOf) : toldOf(found);
        },
      },
      receipts: notifications.receipts,
      typing: notifications.typing,
      unread: notifications.unread,
      presence: notifications.presence,
      toDevice: {
        messages: (userId, deviceId, { since, upTo }) =>
          encryption.toDevice.messagesFor(userId, deviceId, since ?? 0, upTo, TO_DEVICE_LIMIT),
        acknowledge: (userId, deviceId, upTo) => encryption.toDevice.acknowledge(userId, deviceId, upTo),
      },
      devices: {
        changes: (userId, { since, upTo }) => encryption.deviceLists.deviceListChanges(userId, since ?? upTo, upTo),
        keyStock: encryption.e2eKeys.keyStock,
      },
      strippedState: (membership) => inviteState.of(membership),
    },
  });
  return { routes, hooks: [tracker, summaries] };
}
