import { BatchConflict } from '#platform/storage/index.ts';
import { MatrixError } from '#protocol/errors.ts';
import { roomIdOfCreateEvent } from '#protocol/events/index.ts';
import type { RoomId } from '#protocol/identifiers/index.ts';
import type { RoomVersionRules } from '#protocol/room-versions/index.ts';
import { createEvent } from './create-event.ts';
import type { CurrentState } from './current-state.ts';
import type { Appended, AppendOptions, Draft } from './draft.ts';
import { HotRoom } from './hot-room.ts';
import type { IncomingPdu, ReceiptVerdict, ReceiveOptions } from './incoming-pdu.ts';
import type { CheckedPdus, PduChecks } from './receive-pdu.ts';
import { type ActorDependencies, RoomActor } from './room-actor.ts';
import type { RoomDirectory, RoomIdentity } from './room-directory.ts';
import type { RoomTurn } from './room-turn.ts';
import { EMPTY_ROOT } from './state-tree/tree.ts';

/** Rooms kept hot at most; idle ones beyond that are dropped, least recently used first. */
const HOT_ROOMS_MAX = 5_000;
/** How often events are taken in again when what they were built on was not stored. */
const RECEIVE_ATTEMPTS = 3;

/** Writes to rooms. Every event and every change of state goes through here, one room's after the other. */
export class RoomEngine {
  readonly #actors = new Map<RoomId, RoomActor>();
  /** Ids of rooms that are being made. */
  readonly #creating = new Set<RoomId>();

  constructor(
    private readonly dependencies: ActorDependencies,
    private readonly rooms: RoomDirectory,
    private readonly current: CurrentState,
    /** Left out where nothing is received from other servers. */
    private readonly checks?: PduChecks | undefined,
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

  /**
   * Takes in events of other servers: all the checks on receipt, the states around each, and the room moved on past those that
   * are accepted, in one batch. What becomes of each, in the order given; durable when it resolves. Events may come in any
   * order, and again.
   * https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu
   * @throws MatrixError 404 `M_NOT_FOUND` for an unknown room, unless `newRoom` lets it be made.
   */
  async receive(roomId: RoomId, pdus: readonly IncomingPdu[], options: ReceiveOptions = {}): Promise<ReceiptVerdict[]> {
    if (this.checks === undefined) throw new Error('this server receives no events');
    const known = await this.rooms.find(roomId);
    const rules = known?.rules ?? options.newRoom;
    if (rules === undefined) throw new MatrixError('M_NOT_FOUND', 'Unknown room');
    const checked = await this.checks.check({ roomId, rules }, pdus, options);
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#takeIn(roomId, rules, checked, options);
      } catch (error) {
        if (!(error instanceof BatchConflict) || attempt === RECEIVE_ATTEMPTS) throw error;
      }
    }
  }

  /** Runs `task` while nobody else writes to the room. See `RoomTurn`. */
  async within<T>(roomId: RoomId, task: (turn: RoomTurn) => Promise<T>): Promise<T> {
    const actor = this.#actors.get(roomId) ?? (await this.#open(roomId));
    this.#touch(roomId, actor);
    return actor.run(task);
  }

  /**
   * The id that a room made of this create event has. From version 12 on it follows from that event, which therefore says
   * its own time; before, it is `!opaque:server` with a random opaque part.
   */
  async newRoomId(rules: RoomVersionRules, create: Draft & { readonly originServerTs: number }): Promise<RoomId> {
    const { signer } = this.dependencies;
    if (!rules.roomIdIsCreateHash) return `!${signer.random.text(18)}:${signer.serverName}` as RoomId;
    const nowhere = this.#empty({ nid: 0, roomId: '' as RoomId, rules });
    return roomIdOfCreateEvent((await createEvent(create, nowhere, signer)).eventId);
  }

  /**
   * Makes a room of `drafts`, of which the first is its create event, in one batch. `roomId`, where the caller needs it
   * beforehand, is one of `newRoomId` for this very create event.
   * @throws MatrixError as `send`; then there is no room.
   */
  async create(
    rules: RoomVersionRules,
    drafts: readonly Draft[],
    options: Pick<AppendOptions, 'contribute'> & { readonly roomId?: RoomId } = {},
  ): Promise<{ roomId: RoomId; appended: Appended[] }> {
    const [first, ...others] = drafts;
    if (first === undefined) throw new Error('a room starts with its create event');
    const { create, roomId } = await this.#claim(rules, first, options.roomId);
    const identity: RoomIdentity = { nid: this.dependencies.sequences.next('room'), roomId, rules };
    // Known from now on, so that what is stored along with the room can name it.
    this.rooms.add(identity);
    const actor = new RoomActor(this.dependencies, () => this.current.load(identity), this.#empty(identity));
    // In place before the first event is committed: whoever acts on that event must find this actor, never make another.
    this.#actors.set(roomId, actor);
    try {
      const finish = await actor.run((turn) => turn.append([create, ...others], { contribute: options.contribute }));
      return { roomId, appended: await finish() };
    } catch (error) {
      this.rooms.remove(identity);
      this.#actors.delete(roomId);
      throw error;
    } finally {
      this.#creating.delete(roomId);
    }
  }

  /**
   * A room id that no other room has, and the create event that goes with it. Where the id is that event's hash, two rooms
   * that one user makes in one millisecond would be the same: the later one is dated a millisecond on.
   */
  async #claim(
    rules: RoomVersionRules,
    first: Draft,
    given: RoomId | undefined,
  ): Promise<{ create: Draft; roomId: RoomId }> {
    let originServerTs = first.originServerTs ?? this.dependencies.signer.clock.now();
    for (;;) {
      const create = { ...first, originServerTs };
      const roomId = given ?? (await this.newRoomId(rules, create));
      const isTaken =
        this.#creating.has(roomId) || this.#actors.has(roomId) || (await this.rooms.find(roomId)) !== undefined;
      if (!isTaken && !this.#creating.has(roomId)) {
        this.#creating.add(roomId);
        return { create, roomId };
      }
      if (given !== undefined) throw new MatrixError('M_ROOM_IN_USE', 'This room exists already');
      originServerTs++;
    }
  }

  async #takeIn(
    roomId: RoomId,
    rules: RoomVersionRules,
    { dropped, eventIds, outliers, events }: CheckedPdus,
    options: ReceiveOptions,
  ): Promise<ReceiptVerdict[]> {
    const task = (turn: RoomTurn) => turn.receive(outliers, events);
    const isNew = options.newRoom !== undefined && (await this.rooms.find(roomId)) === undefined;
    const outcomes =
      events.length === 0
        ? []
        : isNew
          ? await this.#receiveNew(roomId, rules, task)
          : await (await this.within(roomId, task))();
    const byId = new Map(events.map(({ event }, index) => [event.eventId, outcomes[index]!]));
    return Array.from({ length: dropped.size + eventIds.size }, (_, index) => {
      const eventId = eventIds.get(index);
      return eventId === undefined ? dropped.get(index)! : byId.get(eventId)!;
    });
  }

  /** As `create`, of events that were received. */
  async #receiveNew(
    roomId: RoomId,
    rules: RoomVersionRules,
    task: (turn: RoomTurn) => Promise<() => Promise<ReceiptVerdict[]>>,
  ): Promise<ReceiptVerdict[]> {
    if (this.#creating.has(roomId)) throw new MatrixError('M_ROOM_IN_USE', 'This room is being made');
    this.#creating.add(roomId);
    const identity: RoomIdentity = { nid: this.dependencies.sequences.next('room'), roomId, rules };
    this.rooms.add(identity);
    const actor = new RoomActor(this.dependencies, () => this.current.load(identity), this.#empty(identity));
    this.#actors.set(roomId, actor);
    let isMade = false;
    try {
      const outcomes = await (await actor.run(task))();
      isMade = outcomes.some(({ kind }) => kind === 'accepted');
      return outcomes;
    } finally {
      if (!isMade) {
        this.rooms.remove(identity);
        this.#actors.delete(roomId);
      }
      this.#creating.delete(roomId);
    }
  }

  /**
   * Ends all writing to a room for good: waits for what is under way, then runs `task`, and forgets the room. Nobody may use
   * the room meanwhile; whoever waits in its queue is refused.
   */
  async close(roomId: RoomId, task: () => Promise<void>): Promise<void> {
    const room = await this.rooms.find(roomId);
    if (room === undefined) return;
    const actor = this.#actors.get(roomId) ?? new RoomActor(this.dependencies, () => this.current.load(room));
    this.#actors.set(roomId, actor);
    try {
      await actor.close(task);
    } finally {
      this.#actors.delete(roomId);
    }
  }

  #empty(identity: RoomIdentity): HotRoom {
    return new HotRoom(identity, this.dependencies.members, this.current.at(identity, EMPTY_ROOT), []);
  }

  async #open(roomId: RoomId): Promise<RoomActor> {
    const room = await this.rooms.find(roomId);
    if (room === undefined || (await this.current.ofRoom(room)) === undefined) {
      throw new MatrixError('M_NOT_FOUND', 'Unknown room');
    }
    // Another caller may have opened it meanwhile: there must never be two actors of one room, so that it is known from here on.
    const known = this.#actors.get(roomId);
    if (known !== undefined) return known;
    const actor = new RoomActor(this.dependencies, () => this.current.load(room));
    this.#actors.set(roomId, actor);
    return actor;
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
