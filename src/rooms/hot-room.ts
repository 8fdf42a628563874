import type { EventId, UserId } from '#protocol/identifiers/index.ts';
import { type PowerLevels, readPowerLevels } from '#protocol/power-levels/index.ts';
import type { MembershipStore } from './membership-store.ts';
import type { RoomIdentity } from './room-directory.ts';
import { rootToBytes, type StateRoot } from './state-tree/node.ts';
import type { StateChange, StateView } from './state-view.ts';
import type { StoredEvent } from './stored-event.ts';

/** An event that no other event of the room follows yet. */
export interface Extremity {
  readonly nid: number;
  readonly eventId: EventId;
  readonly depth: number;
  /** Needed where edges carry hashes (room versions 1 and 2). */
  readonly sha256: string | undefined;
  /** The state after it. */
  readonly state: StateRoot;
}

/** Senders whose grounds are remembered, and types of each. */
const GROUNDS_MAX = 1_000;
const TYPES_MAX = 20;

/** A change of who is joined that the database may not have yet. */
interface Move {
  readonly isJoined: boolean;
  readonly isLocal: boolean;
  readonly order: number;
}

/** What a room's next event is built on, kept in memory while the room is in use. */
export class HotRoom {
  #powerLevels: PowerLevels | undefined;
  #joinedCount: number | undefined;
  #localJoined: Set<UserId> | undefined;
  /** What `memberships` does not say yet. */
  readonly #moves = new Map<UserId, Move>();
  #moveCount = 0;
  #rootBytes: Uint8Array | undefined;
  #grounds = new Map<UserId, Map<string, readonly StoredEvent[]>>();

  constructor(
    readonly identity: RoomIdentity,
    private readonly members: MembershipStore,
    /** The current state. */
    public state: StateView,
    public extremities: readonly Extremity[],
  ) {}

  get root(): StateRoot {
    return this.state.root;
  }

  /** The root as it is stored: the same bytes for all events at this state. */
  get rootBytes(): Uint8Array {
    this.#rootBytes ??= rootToBytes(this.root);
    return this.#rootBytes;
  }

  /** The room's power levels now, read once for as long as they hold. Preloads what it needs. */
  async powerLevels(): Promise<PowerLevels> {
    if (this.#powerLevels === undefined) {
      // As sent: to the auth rules a redaction of the state changes nothing.
      const event = (await this.state.get('m.room.power_levels'))?.asSent;
      const create = (await this.state.get('m.room.create'))?.asSent;
      this.#powerLevels = readPowerLevels(event, create, this.identity.rules);
    }
    return this.#powerLevels;
  }

  /**
   * The auth events of an event of this type that this sender has been allowed to send at this very state, if there was one:
   * for events of which the auth rules look at nothing else, which are then allowed as well.
   */
  groundsOf(sender: UserId, type: string): readonly StoredEvent[] | undefined {
    return this.#grounds.get(sender)?.get(type);
  }

  rememberGrounds(sender: UserId, type: string, authEvents: readonly StoredEvent[]): void {
    let ofSender = this.#grounds.get(sender);
    if (ofSender === undefined) {
      if (this.#grounds.size === GROUNDS_MAX) this.#grounds.clear();
      ofSender = new Map();
      this.#grounds.set(sender, ofSender);
    }
    if (ofSender.size < TYPES_MAX) ofSender.set(type, authEvents);
  }

  /** How many users are joined, local and remote. */
  async joinedCount(): Promise<number> {
    if (this.#joinedCount === undefined) {
      const moves = [...this.#moves];
      const others = await this.members.countJoinedExcept(
        this.identity.nid,
        moves.map(([userId]) => userId),
      );
      this.#joinedCount = others + moves.filter(([, move]) => move.isJoined).length;
    }
    return this.#joinedCount;
  }

  /** This server's users who are joined. */
  localJoined(): ReadonlySet<UserId> | Promise<ReadonlySet<UserId>> {
    return this.#localJoined ?? this.#loadLocalJoined();
  }

  async #loadLocalJoined(): Promise<ReadonlySet<UserId>> {
    const moves = [...this.#moves];
    const joined = new Set(await this.members.localJoined(this.identity.nid));
    for (const [userId, { isJoined, isLocal }] of moves) {
      if (!isLocal) continue;
      if (isJoined) joined.add(userId);
      else joined.delete(userId);
    }
    this.#localJoined = joined;
    return joined;
  }

  async displayName(userId: UserId): Promise<string | undefined> {
    const name = (await this.state.get('m.room.member', userId))?.content.displayname;
    return typeof name === 'string' ? name : undefined;
  }

  /** Moves on past an event whose batch has been handed to the database. */
  advance(event: StoredEvent, extremity: Extremity, isLocal: (userId: UserId) => boolean): void {
    this.extremities = [extremity];
    if (event.stateKey === undefined || event.stateAfter === undefined) return;
    if (event.type === 'm.room.member') {
      this.#moveMember(event.stateKey as UserId, this.state.peek('m.room.member', event.stateKey), event, isLocal);
    }
    if (event.type === 'm.room.power_levels' || event.type === 'm.room.create') this.#powerLevels = undefined;
    this.#moveTo(this.state.with(event.stateAfter, event));
  }

  /** Takes a state that was resolved rather than built upon. `changes` are all that differs from the one before. */
  replaceState(
    root: StateRoot,
    extremities: readonly Extremity[],
    changes: readonly StateChange[],
    isLocal: (userId: UserId) => boolean,
  ): void {
    for (const { type, stateKey, before, after } of changes) {
      if (type === 'm.room.member') this.#moveMember(stateKey as UserId, before, after, isLocal);
    }
    this.extremities = extremities;
    if (root === this.root) return;
    this.#powerLevels = undefined;
    this.#moveTo(this.state.withChanges(root, changes));
  }

  /** Takes note that the event in force of an entry has been redacted. */
  redact(redacted: StoredEvent): void {
    const { type, stateKey = '' } = redacted;
    const before = this.state.peek(type, stateKey);
    if (before?.nid !== redacted.nid) return;
    if (type === 'm.room.power_levels' || type === 'm.room.create') this.#powerLevels = undefined;
    this.#moveTo(this.state.withChanges(this.root, [{ type, stateKey, before, after: redacted }]));
  }

  /** A mark of what has changed up to now, for `settle`. */
  get mark(): number {
    return this.#moveCount;
  }

  /** What had changed up to `mark` is stored. */
  settle(mark: number): void {
    for (const [userId, { order }] of this.#moves) if (order <= mark) this.#moves.delete(userId);
  }

  #moveTo(state: StateView): void {
    this.state = state;
    this.#rootBytes = undefined;
    this.#grounds.clear();
  }

  #moveMember(
    userId: UserId,
    before: StoredEvent | undefined,
    after: StoredEvent | undefined,
    isLocal: (userId: UserId) => boolean,
  ): void {
    const was = before?.content.membership === 'join';
    const is = after?.content.membership === 'join';
    if (is === was) return;
    this.#moves.set(userId, { isJoined: is, isLocal: isLocal(userId), order: ++this.#moveCount });
    if (this.#joinedCount !== undefined) this.#joinedCount += is ? 1 : -1;
    if (this.#localJoined === undefined || !isLocal(userId)) return;
    if (is) this.#localJoined.add(userId);
    else this.#localJoined.delete(userId);
  }
}
