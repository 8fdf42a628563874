import type { Accounts } from '#accounts/index.ts';
import type { Route } from '#api/endpoint.ts';
import type { SideEvent, SyncSources, Range } from '#features/sync/index.ts';
import type { Jobs } from '#platform/jobs/index.ts';
import type { StreamBatch } from '#platform/streams/index.ts';
import type { EventId, RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { EventHook, EventReader, NewEvent, Rooms } from '#rooms/index.ts';
import type { Platform } from './platform.ts';

export interface NotificationsOptions {
  readonly rooms: Rooms;
  readonly accounts: Accounts;
  readonly putAccountData: (batch: StreamBatch, userId: UserId, key: { roomId?: RoomId; type: string }, content: JsonObject) => void;
  readonly threadRootOf: (event: Pick<NewEvent, 'content' | 'stateKey'>) => Promise<EventId | undefined>;
  readonly ignoredBy: (userId: UserId) => Promise<ReadonlySet<string>>;
  readonly isInPublicRoom: (userId: UserId) => Promise<boolean>;
}

/** Receipts, typing, presence, push rules and unread counts. */
export interface Notifications extends Pick<SyncSources, 'receipts' | 'typing' | 'unread' | 'presence'> {
  readonly routes: readonly Route[];
  readonly hooks: readonly EventHook[];
  pushRulesOf(userId: UserId): Promise<JsonObject>;
  pushRulesEvent(userId: UserId, range: Range): Promise<SideEvent | undefined>;
  copyPushRules(from: RoomId, to: RoomId, userId: UserId): Promise<void>;
  receiptTextsOf(roomId: RoomId, reader: EventReader): Promise<readonly string[]>;
  start(jobs: Jobs): void;
  stop(): Promise<void>;
}

export function composeNotifications(_platform: Platform, _options: NotificationsOptions): Notifications {
  // Wired when these slices land.
  return {
    routes: [],
    hooks: [],
    pushRulesOf: async () => ({}),
    pushRulesEvent: async () => undefined,
    copyPushRules: async () => undefined,
    receiptTextsOf: async () => [],
    receipts: async () => new Map(),
    typing: () => new Map(),
    unread: async () => new Map(),
    presence: { since: async () => [], touch: () => undefined },
    start: () => undefined,
    stop: async () => undefined,
  };
}
