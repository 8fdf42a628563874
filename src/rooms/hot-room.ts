import type { EventId, UserId } from '#protocol/identifiers/index.ts';
import { type PowerLevels, readPowerLevels } from '#protocol/power-levels/index.ts';
import type { MembershipStore } from './membership-store.ts';
import type { RoomIdentity } from './room-directory.ts';
import type { StateRoot } from './state-tree/node.ts';
import type { StateView } from './state-view.ts';
import type { StoredEvent } from './stored-event.ts';

/** An event that no other event of the room follows yet. */
export interface Extremity {
  readonly nid: number;
  readonly eventId: EventId;
  readonly depth: number;
  /** Needed where edges carry hashes (room versions 1 and 2). */
  readonly sha256: string | undefined;
}

/** What a room's next event is built on, kept in memory while the room is in use. */
export class HotRoom {
  #powerLevels: PowerLevels | undefined;
  #joinedCount: number | undefined;
  #localJoined: Set<UserId> | undefined;

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

  /** The room's power levels now, read once for as long as they hold. Preloads what it needs. */
  async powerLevels(): Promise<PowerLevels> {
    if (this.#powerLevels === undefined) {
      const event = await this.state.get('m.room.power_levels');
      this.#powerLevels = readPowerLevels(event, await this.state.get('m.room.create'), this.identity.rules);
    }
    return this.#powerLevels;
  }

  /** How many users are joined, local and remote. */
  async joinedCount(): Promise<number> {
    this.#joinedCount ??= await this.members.countJoined(this.identity.nid);
    return this.#joinedCount;
  }

  /** This server's users who are joined. */
  async localJoined(): Promise<ReadonlySet<UserId>> {
    this.#localJoined ??= new Set(await this.members.localJoined(this.identity.nid));
    return this.#localJoined;
  }

  async displayName(userId: UserId): Promise<string | undefined> {
    const name = (await this.state.get('m.room.member', userId))?.content.displayname;
    return typeof name === 'string' ? name : undefined;
  }

  /** Moves on past an event whose batch has been handed to the database. */
  advance(event: StoredEvent, extremity: Extremity, isLocal: (userId: UserId) => boolean): void {
    this.extremities = [extremity];
    if (event.stateKey === undefined || event.stateAfter === undefined) return;
    if (event.type === 'm.room.member') this.#moveMember(event, isLocal);
    if (event.type === 'm.room.power_levels' || event.type === 'm.room.create') this.#powerLevels = undefined;
    this.state = this.state.with(event.stateAfter, event);
  }

  /** Takes a state that was resolved rather than built upon: everything derived from the old one is forgotten. */
  replaceState(state: StateView, extremities: readonly Extremity[]): void {
    this.state = state;
    this.extremities = extremities;
    this.#powerLevels = undefined;
    this.#joinedCount = undefined;
    this.#localJoined = undefined;
  }

  #moveMember(event: StoredEvent, isLocal: (userId: UserId) => boolean): void {
    const userId = event.stateKey as UserId;
    const was = this.state.peek('m.room.member', userId)?.content.membership === 'join';
    const is = event.content.membership === 'join';
    if (is === was) return;
    if (this.#joinedCount !== undefined) this.#joinedCount += is ? 1 : -1;
    if (this.#localJoined === undefined || !isLocal(userId)) return;
    if (is) this.#localJoined.add(userId);
    else this.#localJoined.delete(userId);
  }
}
