import type { Transactor } from '#platform/storage/index.ts';
import { MatrixError } from '#protocol/errors.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { JoinedRooms, RoomEngine, StoredEvent } from '#rooms/index.ts';
import type { PendingPropagation, ProfileStore } from './profile-store.ts';

export interface PropagationDeps {
  readonly store: ProfileStore;
  readonly transactor: Transactor;
  readonly engine: RoomEngine;
  readonly joined: JoinedRooms;
  readonly log: { warn(event: string, fields: Readonly<Record<string, unknown>>): void };
}

/** Users whose rooms are being updated at a time, and rooms of each. */
const USERS_AT_ONCE = 4;
const ROOMS_AT_ONCE = 4;
/** Content of a join that says how somebody got in, not who they are. */
const ABOUT_JOINING = ['reason', 'join_authorised_via_users_server', 'third_party_invite'];

/**
 * Brings changed names and avatars into the rooms of their user, as member events, in the background. What is to be done is
 * in the database, so that a restart goes on with it. While one change is under way, those that follow wait and are then
 * done as one: the last event in every room has the last profile.
 * https://spec.matrix.org/v1.19/client-server-api/#events-on-change-of-profile-information
 */
export class ProfilePropagation {
  /** Users under way or waiting; `true` once there is a newer change than the one under way. */
  readonly #users = new Map<UserId, boolean>();
  readonly #waiting: UserId[] = [];
  #running = 0;
  #onIdle: (() => void)[] = [];

  constructor(private readonly deps: PropagationDeps) {}

  /** There is something pending for the user. */
  start(userId: UserId): void {
    if (this.#users.has(userId)) {
      this.#users.set(userId, true);
      return;
    }
    this.#users.set(userId, false);
    this.#waiting.push(userId);
    this.#next();
  }

  /** Goes on with what a stop has interrupted. */
  async resume(): Promise<void> {
    for (const { userId } of await this.deps.store.pending()) this.start(userId);
  }

  /** Resolves when nothing is under way. */
  idle(): Promise<void> {
    if (this.#users.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onIdle.push(resolve));
  }

  #next(): void {
    if (this.#running >= USERS_AT_ONCE) return;
    const userId = this.#waiting.shift();
    if (userId === undefined) return;
    this.#running++;
    void this.#run(userId)
      .catch((error: unknown) => {
        this.deps.log.warn('profile_propagation_failed', { user: userId, error: String(error) });
        this.#users.delete(userId);
      })
      .then(() => {
        this.#running--;
        this.#next();
        if (this.#users.size === 0) for (const done of this.#onIdle.splice(0)) done();
      });
  }

  async #run(userId: UserId): Promise<void> {
    for (;;) {
      this.#users.set(userId, false);
      const pending = await this.deps.store.pendingOf(userId);
      if (pending !== undefined) await this.#propagate(pending);
      if (this.#users.get(userId) === true) continue;
      this.#users.delete(userId);
      return;
    }
  }

  async #propagate(pending: PendingPropagation): Promise<void> {
    const { store, joined, transactor } = this.deps;
    const profile = (await store.find(pending.userId))?.fields ?? {};
    const changes = Object.fromEntries(pending.fields.map((field) => [field, profile[field]]));
    const rooms = [...(await joined.of(pending.userId)).keys()];
    const worker = async () => {
      for (let roomId = rooms.pop(); roomId !== undefined; roomId = rooms.pop()) {
        // A newer change goes to all rooms anyway.
        if (this.#users.get(pending.userId) === true) return;
        await this.#updateRoom(roomId, pending.userId, changes);
      }
    };
    await Promise.all(Array.from({ length: ROOMS_AT_ONCE }, worker));
    if (this.#users.get(pending.userId) === true) return;
    await transactor.commit((batch) => batch.add(store.donePending(pending)));
  }

  async #updateRoom(roomId: RoomId, userId: UserId, changes: JsonObject): Promise<void> {
    try {
      const finish = await this.deps.engine.within(roomId, async (turn) => {
        const member = await turn.room.state.get('m.room.member', userId);
        if (member?.content.membership !== 'join') return undefined;
        const content = { ...contentToKeep(member), ...changes };
        const type = 'm.room.member';
        return turn.append([{ type, stateKey: userId, sender: userId, content: withoutUndefined(content) }]);
      });
      await finish?.();
    } catch (error) {
      // A room whose rules refuse it keeps the old name; the others go on.
      if (!(error instanceof MatrixError)) throw error;
      this.deps.log.warn('profile_propagation_refused', { room: roomId, errcode: error.errcode });
    }
  }
}

function contentToKeep(member: StoredEvent): JsonObject {
  if (member.redactedBy !== undefined) return { membership: 'join' };
  return Object.fromEntries(Object.entries(member.content).filter(([key]) => !ABOUT_JOINING.includes(key)));
}

function withoutUndefined(content: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(content).filter(([, value]) => value !== undefined));
}
