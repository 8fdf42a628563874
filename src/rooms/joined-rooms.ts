import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { CurrentStateChange, EventHook } from './draft.ts';
import type { MembershipStore } from './membership-store.ts';

export interface JoinedRoom {
  readonly nid: number;
  readonly roomId: RoomId;
  /** Stream position of the user's member event now in force. */
  readonly position: number;
  readonly eventNid: number;
}

/** Users whose rooms are kept in memory at most. */
const USERS_MAX = 20_000;

/**
 * The joined rooms of the users who are syncing, and so, the other way round, whom an event in a room wakes. Loaded when a
 * user first asks, then kept true by committed changes of state.
 */
export class JoinedRooms implements EventHook {
  readonly #byUser = new Map<UserId, Map<RoomId, JoinedRoom>>();
  readonly #usersIn = new Map<RoomId, Set<UserId>>();
  /** Loads under way, with the changes committed meanwhile. */
  readonly #loading = new Map<UserId, { readonly done: Promise<void>; readonly missed: CurrentStateChange[] }>();

  constructor(private readonly members: MembershipStore) {}

  /** At once, if they are in memory. */
  of(userId: UserId): ReadonlyMap<RoomId, JoinedRoom> | Promise<ReadonlyMap<RoomId, JoinedRoom>> {
    const known = this.#byUser.get(userId);
    if (known === undefined) return this.#loaded(userId);
    // Most recently asked for last: the first is the one to forget, once there are many.
    if (this.#byUser.size < USERS_MAX / 2) return known;
    this.#byUser.delete(userId);
    this.#byUser.set(userId, known);
    return known;
  }

  async #loaded(userId: UserId): Promise<ReadonlyMap<RoomId, JoinedRoom>> {
    await (this.#loading.get(userId)?.done ?? this.#load(userId));
    return this.#byUser.get(userId) ?? new Map();
  }

  /** The user's membership of a room, if they are joined to it and kept in memory. */
  peek(userId: UserId, roomId: RoomId): JoinedRoom | undefined {
    return this.#byUser.get(userId)?.get(roomId);
  }

  /** The users kept in memory who are joined to a room: all who can be waiting for something in it. */
  usersIn(roomId: RoomId): Iterable<UserId> {
    return this.#usersIn.get(roomId) ?? [];
  }

  stateChanged(changes: readonly CurrentStateChange[]): void {
    for (const change of changes) {
      if (change.type !== 'm.room.member') continue;
      const userId = change.stateKey as UserId;
      this.#loading.get(userId)?.missed.push(change);
      const rooms = this.#byUser.get(userId);
      if (rooms !== undefined) this.#apply(userId, rooms, change);
    }
  }

  #load(userId: UserId): Promise<void> {
    const missed: CurrentStateChange[] = [];
    const done = this.members.ofUser(userId, 'join').then((memberships) => {
      const rooms = new Map<RoomId, JoinedRoom>();
      for (const { roomNid, roomId, position, eventNid } of memberships) {
        rooms.set(roomId, { nid: roomNid, roomId, position, eventNid });
        this.#link(roomId, userId);
      }
      this.#byUser.set(userId, rooms);
      for (const change of missed) this.#apply(userId, rooms, change);
      this.#trim();
    });
    const finished = done.finally(() => this.#loading.delete(userId));
    this.#loading.set(userId, { done: finished, missed });
    return finished;
  }

  #apply(userId: UserId, rooms: Map<RoomId, JoinedRoom>, change: CurrentStateChange): void {
    const { room, position, after } = change;
    const known = rooms.get(room.roomId);
    if (known !== undefined && known.position >= position) return;
    if (after?.content.membership === 'join') {
      rooms.set(room.roomId, { nid: room.nid, roomId: room.roomId, position, eventNid: after.nid });
      this.#link(room.roomId, userId);
    } else if (rooms.delete(room.roomId)) {
      this.#unlink(room.roomId, userId);
    }
  }

  #link(roomId: RoomId, userId: UserId): void {
    const users = this.#usersIn.get(roomId);
    if (users === undefined) this.#usersIn.set(roomId, new Set([userId]));
    else users.add(userId);
  }

  #unlink(roomId: RoomId, userId: UserId): void {
    const users = this.#usersIn.get(roomId);
    users?.delete(userId);
    if (users?.size === 0) this.#usersIn.delete(roomId);
  }

  #trim(): void {
    if (this.#byUser.size <= USERS_MAX) return;
    for (const [userId, rooms] of this.#byUser) {
      this.#byUser.delete(userId);
      for (const roomId of rooms.keys()) this.#unlink(roomId, userId);
      break;
    }
  }
}
