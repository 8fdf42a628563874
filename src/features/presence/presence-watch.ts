import type { Clock } from '#platform/clock/index.ts';
import type { PresenceConfig } from '#platform/config/index.ts';
import { ChangeCache, type StreamPosition, type Streams } from '#platform/streams/index.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { JoinedRoom, JoinedRooms } from '#rooms/index.ts';
import { presenceContent, type ShownPresence } from './user-presence.ts';

/** An `m.presence`, as `/sync` shows it. */
export interface PresenceEvent {
  readonly type: 'm.presence';
  readonly sender: UserId;
  /** The JSON text of `content`. */
  readonly contentText: string;
}

/** What is told of a user. */
export interface Watched {
  readonly userId: UserId;
  readonly shown: ShownPresence;
  readonly own: { readonly lastActiveTs: number };
  /** When it last changed for somebody. */
  readonly position: StreamPosition;
}

export interface PresenceWatchDeps {
  readonly streams: Pick<Streams, 'current'>;
  readonly joined: Pick<JoinedRooms, 'of' | 'usersIn'>;
  readonly clock: Clock;
  readonly config: PresenceConfig;
  readonly excludedRooms: ReadonlySet<string>;
}

/** Users whose last change is remembered. */
const CHANGES_MAX = 50_000;

type Rooms = ReadonlyMap<RoomId, JoinedRoom>;

/** What users see of each other's presence: that of those with whom they share a room. */
export class PresenceWatch {
  readonly #changes: ChangeCache<UserId>;

  constructor(
    private readonly users: ReadonlyMap<UserId, Watched>,
    private readonly deps: PresenceWatchDeps,
  ) {
    this.#changes = new ChangeCache(deps.streams.current(), CHANGES_MAX);
  }

  changed(userId: UserId, position: StreamPosition): void {
    this.#changes.changed(userId, position);
  }

  /**
   * The presence of `reader` and of those who share a room with them, as far as it changed within the range or they have
   * come to share a room within it. Without `since`: of all who are not offline.
   */
  async since(
    reader: UserId,
    range: { readonly since: StreamPosition | undefined; readonly upTo: StreamPosition },
  ): Promise<PresenceEvent[]> {
    const { config, joined, clock } = this.deps;
    if (config.enabled !== true) return [];
    const changed = range.since === undefined ? undefined : this.#changes.changedSince(range.since);
    if (changed?.length === 0) return [];
    const rooms = await joined.of(reader);
    const candidates = new Set<UserId>(changed ?? this.users.keys());
    if (changed?.includes(reader)) this.#addNewCompany(candidates, rooms, range.since ?? 0);
    const now = clock.now();
    const events: PresenceEvent[] = [];
    for (const userId of candidates) {
      const user = this.users.get(userId);
      if (user === undefined || user.position > range.upTo) continue;
      if (range.since === undefined && user.shown.presence === 'offline' && !config.includeOfflineUsersOnSync) continue;
      if (userId !== reader && !this.#meet(rooms, await joined.of(userId))) continue;
      const contentText = JSON.stringify(presenceContent(user.shown, user.own.lastActiveTs, now));
      events.push({ type: 'm.presence', sender: userId, contentText });
    }
    return events;
  }

  /** Whether it is known at once that there is nothing to tell anybody. */
  isQuietSince(since: StreamPosition | undefined): boolean {
    if (this.deps.config.enabled !== true) return true;
    return since !== undefined && this.#changes.isQuietSince(since);
  }

  /** Whoever is in rooms that the reader has come into. */
  #addNewCompany(candidates: Set<UserId>, rooms: Rooms, since: StreamPosition): void {
    for (const { roomId, position } of rooms.values()) {
      if (position <= since) continue;
      for (const userId of this.deps.joined.usersIn(roomId)) {
        if ((this.users.get(userId)?.shown.presence ?? 'offline') !== 'offline') candidates.add(userId);
      }
    }
  }

  /** Whether there is a room in both that tells of presence. */
  #meet(a: Rooms, b: Rooms): boolean {
    const [fewer, more] = a.size <= b.size ? [a, b] : [b, a];
    for (const roomId of fewer.keys()) if (more.has(roomId) && !this.deps.excludedRooms.has(roomId)) return true;
    return false;
  }
}
