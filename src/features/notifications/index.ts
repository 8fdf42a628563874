/**
 * Notifications: whom each event notifies (found out and stored with the event), how much users have not read, the list of
 * what notified them, and pushers, which are kept here but not yet told anything. How far somebody has read is written by
 * `receipts`, through `marks`, and by what they send and join.
 * Not here: push rules of users and their evaluation (`push-rules`, `protocol/push-rules`); receipts as clients see them.
 */
import type { Route } from '#api/endpoint.ts';
import type { CacheBudget } from '#platform/cache/index.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { Storage } from '#platform/storage/index.ts';
import type { StreamBatch } from '#platform/streams/index.ts';
import type { ServerName, UserId } from '#protocol/identifiers/index.ts';
import type { EventHook, Rooms } from '#rooms/index.ts';
import { Audiences } from './audiences.ts';
import { NotificationHook } from './notification-hook.ts';
import { NotificationList } from './notification-list.ts';
import { NotificationStore } from './notification-store.ts';
import type { NotificationSources } from './ports.ts';
import { PusherStore } from './pusher-store.ts';
import { Pushers } from './pushers.ts';
import { ReadMarkStore } from './read-mark-store.ts';
import { ReadMarks } from './read-marks.ts';
import { RecentNotices } from './recent-notices.ts';
import { notificationRoutes } from './routes.ts';
import { Threads } from './threads.ts';
import { UnreadChanges } from './unread-changes.ts';
import { UnreadCounter } from './unread-counts.ts';

export type { NotificationSources } from './ports.ts';
export type { Pushers } from './pushers.ts';
export type { ReadMark, ReadMarks } from './read-marks.ts';
export type { Threads } from './threads.ts';
export type { UnreadCounter } from './unread-counts.ts';
export type { RoomUnread, UnreadCounts } from './unread-tallies.ts';

export interface NotificationsDeps {
  readonly storage: Pick<Storage, 'reader' | 'transactor' | 'sequences'>;
  readonly clock: Clock;
  readonly serverName: ServerName;
  readonly rooms: Pick<Rooms, 'streams' | 'events' | 'members' | 'joined' | 'visibility' | 'clientEvents'>;
  readonly sources: NotificationSources;
  /** Shares of the caches' budget are taken as `unread-counts` (0.04) and `audiences` (0.02). */
  readonly caches: CacheBudget;
}

export interface NotificationsFeature {
  readonly routes: readonly Route[];
  /** To be registered with the room engine. */
  readonly hook: EventHook;
  /** What `/sync` tells of rooms. */
  readonly unread: UnreadCounter;
  /** For what says that a user has read something. */
  readonly marks: ReadMarks;
  readonly threads: Threads;
  readonly pushers: Pushers;
  /** In the batch that deactivates an account. */
  accountDeactivated(batch: StreamBatch, userId: UserId): void;
}

export function notificationsFeature(deps: NotificationsDeps): NotificationsFeature {
  const { storage, clock, rooms, sources, caches, serverName } = deps;
  const store = new NotificationStore(storage.reader);
  const markStore = new ReadMarkStore(storage.reader);
  const audiences = new Audiences(store, caches.cache('audiences', 0.02));
  const changes = new UnreadChanges(rooms.streams.current());
  const recent = new RecentNotices();
  const marks = new ReadMarks(markStore, changes);
  const threads = new Threads(rooms.events);
  const pushers = new Pushers(new PusherStore(storage.reader), storage, clock);
  const list = new NotificationList({ ...rooms, store, marks: markStore, audiences });
  const unread = new UnreadCounter({
    store: markStore,
    audiences,
    changes,
    recent,
    clock,
    streams: rooms.streams,
    members: rooms.members,
    cache: caches.cache('unread-counts', 0.04),
    isAppserviceUser: sources.isAppserviceUser,
  });
  return {
    routes: notificationRoutes(list, pushers),
    hook: new NotificationHook({
      store,
      marks,
      threads,
      changes,
      recent,
      sources,
      serverName,
      sequences: storage.sequences,
    }),
    unread,
    marks,
    threads,
    pushers,
    accountDeactivated(batch, userId) {
      pushers.accountDeactivated(batch, userId);
      batch.add(store.removeUser(userId));
      batch.add(markStore.removeUser(userId));
    },
  };
}
