import type { DeviceId, RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { RoomMembership } from '#rooms/index.ts';
import type { SetPresence } from './sync-request.ts';

/** An event that is no room event (account data, receipts, presence), as the client reads it. */
export interface SideEvent {
  readonly type: string;
  /** The sender, where filters may ask for it. */
  readonly sender?: string;
  /** The whole event as JSON text. */
  readonly text: string;
}

/** Rooms of a reader, by interned id. */
export interface RoomSet {
  get(roomId: RoomId): number | undefined;
  has(roomId: RoomId): boolean;
  keys(): Iterable<RoomId>;
}

/** A range of the stream: after `since` (absent: from the start) and up to `upTo`. */
export interface Range {
  readonly since: number | undefined;
  readonly upTo: number;
}

export interface UnreadCounts {
  readonly notificationCount: number;
  readonly highlightCount: number;
}

export interface RoomUnread {
  /** Of the room with all its threads. */
  readonly total: UnreadCounts;
  /** Of the main timeline alone. */
  readonly main: UnreadCounts;
  /** By thread root, those with something unread. */
  readonly threads: ReadonlyMap<string, UnreadCounts>;
}

export interface RoomMoves {
  /** Rooms the reader has come into within the range. */
  readonly joined: readonly RoomId[];
  /** Rooms the reader has gone from within the range. */
  readonly left: readonly RoomId[];
}

export interface DeviceListChanges {
  readonly changed: readonly UserId[];
  readonly left: readonly UserId[];
}

/** How many keys a device has left. */
export interface KeyStock {
  /** One-time keys by algorithm. */
  readonly counts: Readonly<Record<string, number>>;
  /** Algorithms whose fallback key has not been given out. */
  readonly unusedFallbackTypes: readonly string[];
}

/** At once, where it is in memory: most answers ask for a dozen things of which nothing is new. */
type Soon<T> = T | Promise<T>;

/** What `/sync` tells that other slices own. Each answers what is new in a range, at a cost that follows what is new. */
export interface SyncSources {
  /** A stored filter's JSON, `undefined` if the user has none of that id. */
  filterById(userId: UserId, filterId: string): Promise<JsonObject | undefined>;
  ignoredBy(userId: UserId): Soon<ReadonlySet<string>>;
  accountData: {
    global(userId: UserId, range: Range): Soon<readonly SideEvent[]>;
    rooms(userId: UserId, range: Range): Soon<ReadonlyMap<RoomId, readonly SideEvent[]>>;
  };
  /** `m.receipt` contents by room, of those among `rooms` that have new ones. Private receipts are the reader's own only. */
  receipts(userId: UserId, rooms: RoomSet, range: Range): Soon<ReadonlyMap<RoomId, string>>;
  /** `m.typing` contents by room, of those among `rooms` whose typists changed. */
  typing(userId: UserId, rooms: RoomSet, range: Range): ReadonlyMap<RoomId, string>;
  /** Unread counts of the user in rooms, by interned id. */
  unread(userId: UserId, roomNids: readonly number[]): Soon<ReadonlyMap<number, RoomUnread>>;
  presence: {
    since(userId: UserId, range: Range): Soon<readonly SideEvent[]>;
    /** The device is there for as long as the poll lasts and a while after; resolves when those who see it have been told. */
    touch(userId: UserId, deviceId: DeviceId | undefined, presence: SetPresence, pollMs: number): Soon<void>;
  };
  toDevice: {
    /** Texts of the next messages, oldest first, and how far they reach: `range.upTo` unless there were too many. */
    messages(
      userId: UserId,
      deviceId: DeviceId,
      range: Range,
    ): Soon<{ readonly messages: readonly string[]; readonly upTo: number }>;
    /** Messages up to there have arrived and need not be kept. */
    acknowledge(userId: UserId, deviceId: DeviceId, upTo: number): Soon<void>;
  };
  devices: {
    changes(userId: UserId, range: Range, moves: RoomMoves): Soon<DeviceListChanges>;
    /** The same object as long as nothing has changed. */
    keyStock(userId: UserId, deviceId: DeviceId): Soon<KeyStock>;
  };
  /** The stripped state events shown to somebody invited to or knocking on a room. */
  strippedState(membership: RoomMembership): Promise<readonly JsonObject[]>;
}
