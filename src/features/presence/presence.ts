import type { Clock, Timer } from '#platform/clock/index.ts';
import type { PresenceConfig } from '#platform/config/index.ts';
import type { Transactor } from '#platform/storage/index.ts';
import type { StreamBatch, StreamPosition, Streams } from '#platform/streams/index.ts';
import { parseUserId, type ServerName, serverNameOf, type UserId } from '#protocol/identifiers/index.ts';
import {
  type CurrentStateChange,
  DUMMY_EVENT,
  type EventHook,
  type JoinedRooms,
  type StoredEvent,
} from '#rooms/index.ts';
import { type Kept, PresenceKeeper } from './presence-keeper.ts';
import type { PresenceStore } from './presence-store.ts';
import { PresenceWatch, type Watched } from './presence-watch.ts';
import type { PresenceRow } from './tables.ts';
import { type PresenceState, type ShownPresence, sameShown, UserPresence } from './user-presence.ts';

export interface PresenceDeps {
  readonly store: PresenceStore;
  readonly transactor: Transactor;
  readonly streams: Pick<Streams, 'announce' | 'current'>;
  readonly joined: JoinedRooms;
  readonly clock: Clock;
  readonly serverName: ServerName;
  readonly config: PresenceConfig;
  /** Rooms that tell nobody of anybody's presence. */
  readonly excludedRooms: ReadonlySet<string>;
}

/** A user whose presence is in memory. */
interface Tracked extends Watched, Kept {
  readonly userId: UserId;
  readonly own: UserPresence;
  shown: ShownPresence;
  position: StreamPosition;
  shownAt: number;
  timer: Timer | undefined;
  timerAt: number;
  /** Telling others of the last change, under way or done. */
  telling: Promise<void> | undefined;
}

/** A user's presence is told to others no more often than that. */
const MIN_INTERVAL_MS = 1000;
/** How long a poll is taken to last when nobody says. */
const DEFAULT_POLL_MS = 30_000;
/** Users who are offline are forgotten beyond so many in memory. */
const USERS_MAX = 100_000;
/** The device of requests that come from none. */
const NO_DEVICE = '';
const OFFLINE: ShownPresence = { presence: 'offline', statusMsg: undefined, currentlyActive: false };

/**
 * The presence of this server's users. It lives in memory; what it was last is stored every so often. Others are told when
 * what they see changes, at a bounded rate.
 */
export class Presence implements EventHook {
  readonly #deps: PresenceDeps;
  readonly #users = new Map<UserId, Tracked>();
  readonly #loading = new Map<UserId, Promise<Tracked>>();
  readonly #keeper: PresenceKeeper;
  readonly watch: PresenceWatch;

  constructor(deps: PresenceDeps) {
    this.#deps = deps;
    this.#keeper = new PresenceKeeper(deps.store, deps.transactor, deps.clock);
    this.watch = new PresenceWatch(this.#users, deps);
  }

  /** Whoever was there when the server stopped is given time to come back. */
  async start(): Promise<void> {
    if (this.#deps.config.enabled !== true) return;
    const until = this.#deps.clock.now() + DEFAULT_POLL_MS + this.#deps.config.syncOnlineTimeoutMs;
    for (const row of await this.#deps.store.notOffline()) {
      const tracked = this.#track(row.user_id as UserId, row);
      tracked.own.set(NO_DEVICE, row.presence as PresenceState, until);
      tracked.shown = { ...tracked.shown, presence: row.presence as PresenceState };
      this.#refresh(tracked);
    }
  }

  /** Stores what is not stored yet, and stops all timers. */
  async stop(): Promise<void> {
    for (const { timer } of this.#users.values()) timer?.cancel();
    await this.#keeper.stop();
  }

  /**
   * A device syncs, and is as present as it says until it has not come back for a while. `offline` says nothing: it leaves
   * the user as they are. `pollMs` is how long the request may last.
   */
  touch(
    userId: UserId,
    deviceId: string | undefined,
    presence: PresenceState,
    pollMs = DEFAULT_POLL_MS,
  ): void | Promise<void> {
    if (this.#deps.config.enabled !== true || presence === 'offline') return;
    return this.#withUser(userId, (tracked) => {
      const now = this.#deps.clock.now();
      const until = now + pollMs + this.#deps.config.syncOnlineTimeoutMs;
      tracked.own.connect(deviceId ?? NO_DEVICE, presence, until, now);
    });
  }

  /** The user has done something that shows they are there. */
  active(userId: UserId): void {
    if (this.#deps.config.enabled !== true || !this.#users.has(userId)) return;
    void this.#withUser(userId, (tracked) => tracked.own.act(this.#deps.clock.now()));
  }

  /** The user says how present they are. `statusMsg` left out: they have none any more. */
  async set(userId: UserId, deviceId: string | undefined, presence: PresenceState, statusMsg?: string): Promise<void> {
    const { clock, config } = this.#deps;
    if (config.enabled === false) return;
    const tracked = await this.#find(userId);
    const now = clock.now();
    tracked.own.set(deviceId ?? NO_DEVICE, presence, now + config.syncOnlineTimeoutMs);
    tracked.own.statusMsg = statusMsg;
    if (presence === 'online' || presence === 'busy') tracked.own.lastActiveTs = now;
    this.#refresh(tracked);
  }

  /** How present a user is now. */
  async get(userId: UserId): Promise<{ readonly shown: ShownPresence; readonly lastActiveTs: number }> {
    const { clock, config } = this.#deps;
    if (config.enabled === false) return { shown: OFFLINE, lastActiveTs: 0 };
    const { own } = await this.#find(userId);
    return { shown: own.shown(clock.now(), config), lastActiveTs: own.lastActiveTs };
  }

  committed(event: StoredEvent): void {
    // A dummy is sent in somebody's name, not by them.
    if (event.stateKey === undefined && event.type !== DUMMY_EVENT) this.active(event.sender);
  }

  stateChanged(changes: readonly CurrentStateChange[]): void {
    for (const change of changes) if (change.type === 'm.room.member') this.#afterMember(change);
  }

  /** In the batch that deactivates an account. */
  accountDeactivated(batch: StreamBatch, userId: UserId): void {
    batch.add(this.#deps.store.remove(userId));
    batch.afterCommit(() => {
      const tracked = this.#users.get(userId);
      tracked?.timer?.cancel();
      this.#keeper.drop(userId);
      this.#users.delete(userId);
    });
  }

  /** Whoever comes into a room is news to those in it. */
  #afterMember({ stateKey, position, after }: CurrentStateChange): void {
    const userId = parseUserId(stateKey);
    if (userId === undefined || after?.content.membership !== 'join') return;
    if (serverNameOf(userId) !== this.#deps.serverName) return;
    const tracked = this.#users.get(userId);
    if (tracked !== undefined) tracked.position = position;
    this.watch.changed(userId, position);
  }

  /** Does something to a user's presence, at once if it is in memory. */
  /** Resolves when others have been told of what changed, if anything did. */
  async #withUser(userId: UserId, run: (tracked: Tracked) => void): Promise<void> {
    const known = this.#users.get(userId);
    // Presence is not worth failing for: the next request tries again.
    const tracked = known ?? (await this.#find(userId).catch(() => undefined));
    if (tracked === undefined) return;
    run(tracked);
    this.#refresh(tracked);
    await tracked.telling;
  }

  #find(userId: UserId): Promise<Tracked> {
    const tracked = this.#users.get(userId);
    if (tracked !== undefined) return Promise.resolve(tracked);
    let loading = this.#loading.get(userId);
    if (loading === undefined) {
      loading = this.#deps.store.find(userId).then((row) => this.#users.get(userId) ?? this.#track(userId, row));
      this.#loading.set(userId, loading);
      const done = () => void this.#loading.delete(userId);
      loading.then(done, done);
    }
    return loading;
  }

  #track(userId: UserId, row: PresenceRow | undefined): Tracked {
    const own = new UserPresence(row?.status_msg ?? undefined, row?.last_active_ts ?? 0);
    const tracked: Tracked = {
      userId,
      own,
      shown: { ...OFFLINE, statusMsg: own.statusMsg },
      position: 0,
      shownAt: Number.NEGATIVE_INFINITY,
      timer: undefined,
      timerAt: Number.POSITIVE_INFINITY,
      telling: undefined,
    };
    this.#users.set(userId, tracked);
    if (this.#users.size > USERS_MAX) this.#forgetOne();
    return tracked;
  }

  #forgetOne(): void {
    for (const [userId, tracked] of this.#users) {
      if (tracked.shown.presence !== 'offline' || tracked.timer !== undefined || this.#keeper.holds(userId)) continue;
      this.#users.delete(userId);
      break;
    }
  }

  /** Tells others if what they see has changed, and looks again when it will by itself. */
  #refresh(tracked: Tracked): void {
    const { clock, config } = this.#deps;
    const now = clock.now();
    const shown = tracked.own.shown(now, config);
    const waitMs = tracked.shownAt + MIN_INTERVAL_MS - now;
    if (!sameShown(shown, tracked.shown)) {
      if (waitMs > 0) {
        this.#lookAgain(tracked, now + waitMs, now);
        return;
      }
      this.#show(tracked, shown, now);
    }
    const next = tracked.own.nextChange(now, config);
    if (next !== undefined) this.#lookAgain(tracked, next, now);
  }

  #lookAgain(tracked: Tracked, at: number, now: number): void {
    if (tracked.timer !== undefined && tracked.timerAt <= at) return;
    tracked.timer?.cancel();
    tracked.timerAt = at;
    tracked.timer = this.#deps.clock.after(Math.max(1, at - now), () => {
      tracked.timer = undefined;
      this.#refresh(tracked);
    });
  }

  #show(tracked: Tracked, shown: ShownPresence, now: number): void {
    tracked.shown = shown;
    tracked.shownAt = now;
    this.#keeper.keep(tracked);
    if (this.#deps.config.enabled === true) tracked.telling = this.#tell(tracked).catch(() => undefined);
  }

  async #tell(tracked: Tracked): Promise<void> {
    const { joined, streams, excludedRooms } = this.#deps;
    const { userId } = tracked;
    const rooms = [...(await joined.of(userId)).keys()].filter((roomId) => !excludedRooms.has(roomId));
    tracked.position = streams.announce({ userId }, ...rooms.map((roomId) => ({ roomId })));
    this.watch.changed(userId, tracked.position);
  }
}
