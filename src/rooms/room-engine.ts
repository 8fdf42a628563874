import { MatrixError } from '#protocol/errors.ts';
import { roomIdOfCreateEvent } from '#protocol/events/index.ts';
import type { RoomId } from '#protocol/identifiers/index.ts';
import type { RoomVersionRules } from '#protocol/room-versions/index.ts';
import { createEvent } from './create-event.ts';
import type { CurrentState } from './current-state.ts';
import type { AppendOptions, Appended, Draft } from './draft.ts';
import { HotRoom } from './hot-room.ts';
import { type ActorDependencies, RoomActor, type RoomTurn } from './room-actor.ts';
import type { RoomDirectory, RoomIdentity } from './room-directory.ts';
import { EMPTY_ROOT } from './state-tree/tree.ts';

/** Rooms kept hot at most; idle ones beyond that are dropped, least recently used first. */
const HOT_ROOMS_MAX = 5_000;

/** Writes to rooms. Every event and every change of state goes through here, one room's after the other. */
export class RoomEngine {
  readonly #actors = new Map<RoomId, RoomActor>();

  constructor(
    private readonly dependencies: ActorDependencies,
    private readonly rooms: RoomDirectory,
    private readonly current: CurrentState,
  ) {}

  /** How many rooms are in memory. */
  get hotCount(): number {
    return this.#actors.size;
  }

  /**
   * Appends one event to a room and resolves when it is durable.
   * @throws MatrixError 404 `M_NOT_FOUND` for an unknown room; 403 `M_FORBIDDEN` as the auth rules say.
   */
  async send(roomId: RoomId, draft: Draft, options: AppendOptions = {}): Promise<Appended> {
    const [appended] = await this.append(roomId, [draft], options);
    return appended!;
  }

  /** Appends several events, each built on the one before, all or none. */
  async append(roomId: RoomId, drafts: readonly Draft[], options: AppendOptions = {}): Promise<Appended[]> {
    const finish = await this.within(roomId, (turn) => turn.append(drafts, options));
    return finish();
  }

  /** Runs `task` while nobody else writes to the room. See `RoomTurn`. */
  async within<T>(roomId: RoomId, task: (turn: RoomTurn) => Promise<T>): Promise<T> {
    const actor = this.#actors.get(roomId) ?? (await this.#open(roomId));
    this.#touch(roomId, actor);
    return actor.run(task);
  }

  /**
   * Makes a room of `drafts`, of which the first is its create event, in one batch. From version 12 on its id follows from
   * that event; before, it is `!opaque:server` with a random opaque part.
   */
  async create(rules: RoomVersionRules, drafts: readonly Draft[]): Promise<{ roomId: RoomId; appended: Appended[] }> {
    const { signer, sequences } = this.dependencies;
    const [create, ...others] = drafts;
    if (create === undefined) throw new Error('a room starts with its create event');
    // The same draft at the same time gives the same event, and so the same room id, both times that it is built.
    const timed = { ...create, originServerTs: create.originServerTs ?? signer.clock.now() };
    const roomId = rules.roomIdIsCreateHash
      ? roomIdOfCreateEvent((await createEvent(timed, this.#empty({ nid: 0, roomId: '' as RoomId, rules }), signer)).eventId)
      : (`!${signer.random.text(18)}:${signer.serverName}` as RoomId);
    const identity: RoomIdentity = { nid: sequences.next('room'), roomId, rules };
    const fresh = this.#empty(identity);
    const actor = new RoomActor(this.dependencies, () => this.current.load(identity), fresh);
    const finish = await actor.run((turn) => turn.append([timed, ...others]));
    const appended = await finish();
    this.rooms.add(identity);
    this.#actors.set(roomId, actor);
    return { roomId, appended };
  }

  #empty(identity: RoomIdentity): HotRoom {
    return new HotRoom(identity, this.dependencies.members, this.current.at(identity, EMPTY_ROOT), []);
  }

  async #open(roomId: RoomId): Promise<RoomActor> {
    const room = await this.rooms.find(roomId);
    if (room === undefined || (await this.current.ofRoom(room)) === undefined) {
      throw new MatrixError('M_NOT_FOUND', 'Unknown room');
    }
    // Another caller may have opened it meanwhile: there must never be two actors of one room.
    return this.#actors.get(roomId) ?? new RoomActor(this.dependencies, () => this.current.load(room));
  }

  #touch(roomId: RoomId, actor: RoomActor): void {
    this.#actors.delete(roomId);
    this.#actors.set(roomId, actor);
    if (this.#actors.size <= HOT_ROOMS_MAX) return;
    for (const [id, idle] of this.#actors) {
      if (idle.pendingCount > 0) continue;
      this.#actors.delete(id);
      break;
    }
  }
}
