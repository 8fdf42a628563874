import type { Clock, Timer } from '#platform/clock/index.ts';
import { ChangeCache, type StreamPosition, type Streams } from '#platform/streams/index.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { CurrentStateChange, EventHook } from '#rooms/index.ts';

/** Rooms whose last change is remembered. */
const ROOMS_MAX = 50_000;

interface RoomTyping {
  readonly typists: Map<UserId, Timer>;
  /** Of the last change. */
  position: StreamPosition;
}

/**
 * Who is typing where. Kept in memory only: it is over in a moment.
 * https://spec.matrix.org/v1.19/client-server-api/#typing-notifications
 */
export class Typing implements EventHook {
  /** Rooms where somebody types or has typed lately: longest unchanged first. */
  readonly #rooms = new Map<RoomId, RoomTyping>();
  readonly #changes: ChangeCache<RoomId>;

  constructor(
    private readonly streams: Pick<Streams, 'announce' | 'current'>,
    private readonly clock: Clock,
  ) {
    this.#changes = new ChangeCache(streams.current(), ROOMS_MAX);
  }

  /** The user types for the next `timeoutMs`. Whoever types already just goes on. */
  start(roomId: RoomId, userId: UserId, timeoutMs: number): void {
    const room = this.#rooms.get(roomId) ?? { typists: new Map<UserId, Timer>(), position: 0 };
    const timer = room.typists.get(userId);
    timer?.cancel();
    room.typists.set(
      userId,
      this.clock.after(timeoutMs, () => this.stop(roomId, userId)),
    );
    if (timer === undefined) this.#announce(roomId, room);
  }

  stop(roomId: RoomId, userId: UserId): void {
    const room = this.#rooms.get(roomId);
    const timer = room?.typists.get(userId);
    if (room === undefined || timer === undefined) return;
    timer.cancel();
    room.typists.delete(userId);
    this.#announce(roomId, room);
  }

  /** Nobody types in a room they are not in. */
  /** Whoever is in a room no longer does not type there. */
  stateChanged(changes: readonly CurrentStateChange[]): void {
    for (const { type, stateKey, room, after } of changes) {
      if (type === 'm.room.member' && after?.content.membership !== 'join') this.stop(room.roomId, stateKey as UserId);
    }
  }

  /** The contents of `m.typing`, as JSON text, of those among `rooms` whose typists changed within the range. */
  since(
    rooms: Pick<ReadonlySet<RoomId>, 'has'>,
    range: { readonly since: StreamPosition | undefined; readonly upTo: StreamPosition },
  ): ReadonlyMap<RoomId, string> {
    const contents = new Map<RoomId, string>();
    if (range.since !== undefined && this.#changes.isQuietSince(range.since)) return contents;
    const changed = range.since === undefined ? undefined : this.#changes.changedSince(range.since);
    if (changed?.length === 0 || this.#rooms.size === 0) return contents;
    for (const roomId of changed ?? this.#rooms.keys()) {
      const room = rooms.has(roomId) ? this.#rooms.get(roomId) : undefined;
      if (room === undefined || room.position > range.upTo) continue;
      // Somebody who knows of nobody typing need not be told that nobody does.
      if (range.since === undefined && room.typists.size === 0) continue;
      contents.set(roomId, JSON.stringify({ user_ids: [...room.typists.keys()] }));
    }
    return contents;
  }

  #announce(roomId: RoomId, room: RoomTyping): void {
    room.position = this.streams.announce({ roomId });
    this.#changes.changed(roomId, room.position);
    this.#rooms.delete(roomId);
    this.#rooms.set(roomId, room);
    if (this.#rooms.size <= ROOMS_MAX) return;
    for (const [oldest, { typists }] of this.#rooms) {
      if (typists.size > 0) continue;
      this.#rooms.delete(oldest);
      break;
    }
  }
}
