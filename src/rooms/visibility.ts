import type { ByteCache } from '#platform/cache/index.ts';
import { forbidden } from '#protocol/errors.ts';
import {
  canSee,
  type HistoryVisibility,
  historyVisibilityOf,
  isOwnMembership,
  type Membership,
  membershipOf,
} from '#protocol/history-visibility/index.ts';
import type { EventId, RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { CurrentState } from './current-state.ts';
import { DUMMY_EVENT } from './dummy-event.ts';
import type { EventStore } from './event-store.ts';
import type { JoinedRooms } from './joined-rooms.ts';
import type { MembershipStore } from './membership-store.ts';
import type { RoomDirectory, RoomIdentity } from './room-directory.ts';
import type { StateRoot } from './state-tree/node.ts';
import { ERASED, type StoredEvent } from './stored-event.ts';
import { EventStatus } from './tables.ts';

/** How a user may read a room: as a member, up to the event with which they left, or by looking in from outside. */
export type RoomAccess =
  | { readonly kind: 'joined'; readonly room: RoomIdentity }
  | { readonly kind: 'left'; readonly room: RoomIdentity; readonly until: StoredEvent }
  | { readonly kind: 'peeking'; readonly room: RoomIdentity };

/** What a state says about what one user may see. */
interface Context {
  readonly visibility: HistoryVisibility;
  readonly membership: Membership;
}

/** What is known in memory, so that those who read as things happen ask the database for nothing. */
export interface VisibilityMemory {
  readonly joined: Pick<JoinedRooms, 'peek'>;
  /** By state root and user: a state never changes, nor what a redaction leaves of these two events. */
  readonly contexts: ByteCache<StateRoot, Map<UserId, Context>>;
}

const CONTEXT_BYTES = 150;
/** Beyond so many users of one state they are looked up anew: what is forgotten is forgotten of all of them. */
const USERS_MAX = 5_000;

/** Those of the users whose content is not to be shown to whoever comes later. */
export type ErasedAmong = (userIds: readonly UserId[]) => Promise<ReadonlySet<UserId>>;

/** An event that its reader may see, with the reader's membership at the time. */
export interface VisibleEvent {
  readonly event: StoredEvent;
  readonly membership: Membership;
}

interface FilterOptions {
  /** Whose messages the reader does not want to see; their state events stay. */
  readonly ignored?: ReadonlySet<string> | undefined;
}

/**
 * Who may read what. Every read of a room's events or state goes through here.
 * https://spec.matrix.org/v1.19/client-server-api/#room-history-visibility
 */
export class Visibility {
  constructor(
    private readonly rooms: RoomDirectory,
    private readonly members: MembershipStore,
    private readonly current: CurrentState,
    private readonly events: EventStore,
    private readonly memory: VisibilityMemory,
    private readonly erasedAmong: ErasedAmong,
  ) {}

  /**
   * How `userId` may read the room.
   * @throws MatrixError 403 `M_FORBIDDEN` if not at all, which includes rooms that do not exist.
   */
  async accessOf(roomId: RoomId, userId: UserId | undefined): Promise<RoomAccess> {
    const room = await this.rooms.find(roomId);
    if (room === undefined) throw forbidden('You are not in this room');
    const own = userId === undefined ? undefined : await this.members.find(room.nid, userId);
    if (own?.membership === 'join') return { kind: 'joined', room };
    if (own !== undefined && !own.isForgotten && (own.membership === 'leave' || own.membership === 'ban')) {
      // Not the newest member event: who was banned after leaving left when they left. Whoever was never in the room (a
      // rejected invite, a kicked knock) has left nothing behind to read.
      const until =
        userId === undefined ? undefined : await this.endOfStay(await this.events.byNid(own.eventNid), userId);
      if (until !== undefined) return { kind: 'left', room, until };
    }
    if (await this.#isWorldReadable(room)) return { kind: 'peeking', room };
    throw forbidden('You are not in this room');
  }

  /** As `accessOf`, for what only those in the room may do. */
  async requireJoined(roomId: RoomId, userId: UserId): Promise<RoomIdentity> {
    const room = await this.rooms.find(roomId);
    const own = room === undefined ? undefined : await this.members.find(room.nid, userId);
    if (room === undefined || own?.membership !== 'join') throw forbidden('You are not in this room');
    return room;
  }

  /** One event for one reader, `undefined` if it does not exist for them. */
  async find(eventId: EventId, roomId: RoomId, userId: UserId): Promise<VisibleEvent | undefined> {
    const event = await this.events.byId(eventId);
    if (event === undefined || event.roomId !== roomId) return undefined;
    return (await this.filter([event], userId))[0];
  }

  /**
   * Those of the events (all of one room) that the user may see, in the same order. Of those of erased users, whoever was not in
   * the room at the time is shown what a redaction would leave.
   * https://spec.matrix.org/v1.19/client-server-api/#post_matrixclientv3accountdeactivate
   */
  async filter(events: readonly StoredEvent[], userId: UserId, options: FilterOptions = {}): Promise<VisibleEvent[]> {
    const first = events[0];
    if (first === undefined) return [];
    const room = await this.rooms.get(first.roomNid);
    const lastJoined = await this.#joinedUntil(room, userId);
    const contexts = new Map<StateRoot, Context>();
    const visible: VisibleEvent[] = [];
    for (const event of events) {
      if (event.status !== EventStatus.normal || event.stateBefore === undefined) continue;
      if (event.type === DUMMY_EVENT) continue;
      if (options.ignored?.has(event.sender) && !event.isState) continue;
      let context = contexts.get(event.stateBefore);
      if (context === undefined) {
        context = await this.#contextAt(room, event.stateBefore, userId);
        contexts.set(event.stateBefore, context);
      }
      const joinedSince = event.position !== undefined && event.position < lastJoined;
      if (!canSee(event, context.visibility, { userId, membership: context.membership, joinedSince })) continue;
      const membership = isOwnMembership(event, userId) ? membershipOf(event.content) : context.membership;
      visible.push({ event, membership });
    }
    return this.#withoutErased(visible);
  }

  /**
   * Whether the user may see all of the events (of one room) and was joined at each, as far as can be said at once from what is
   * in memory. No: ask `filter`.
   */
  sawAllJoined(events: readonly StoredEvent[], userId: UserId): boolean {
    const first = events[0];
    if (first === undefined || this.memory.joined.peek(userId, first.roomId) === undefined) return false;
    let root: StateRoot | undefined;
    for (const { status, stateBefore } of events) {
      if (status !== EventStatus.normal || stateBefore === undefined) return false;
      if (stateBefore === root) continue;
      if (this.memory.contexts.get(stateBefore)?.get(userId)?.membership !== 'join') return false;
      root = stateBefore;
    }
    return true;
  }

  async #withoutErased(visible: VisibleEvent[]): Promise<VisibleEvent[]> {
    const senders = new Set<UserId>();
    for (const { event, membership } of visible) if (membership !== 'join') senders.add(event.sender);
    if (senders.size === 0) return visible;
    const erased = await this.erasedAmong([...senders]);
    if (erased.size === 0) return visible;
    return visible.map(({ event, membership }) =>
      membership !== 'join' && erased.has(event.sender)
        ? { event: event.redactedWith(ERASED), membership }
        : { event, membership },
    );
  }

  /** The member event that ended the user's last stay, going back from their newest one; `undefined` if they never joined. */
  async endOfStay(newest: StoredEvent, userId: UserId): Promise<StoredEvent | undefined> {
    let later = newest;
    for (;;) {
      const replaced = later.unsigned?.replaces_state;
      const earlier = typeof replaced === 'string' ? await this.events.byId(replaced as EventId) : undefined;
      if (earlier === undefined || earlier.stateKey !== userId) return undefined;
      if (membershipOf(earlier.content) === 'join') return later;
      later = earlier;
    }
  }

  async #contextAt(room: RoomIdentity, root: StateRoot, userId: UserId): Promise<Context> {
    const known = this.memory.contexts.get(root)?.get(userId);
    if (known !== undefined) return known;
    const state = this.current.at(room, root);
    const context = {
      visibility: historyVisibilityOf((await state.get('m.room.history_visibility'))?.content),
      membership: membershipOf((await state.get('m.room.member', userId))?.content),
    };
    const ofRoot = this.memory.contexts.get(root);
    const users = ofRoot === undefined || ofRoot.size >= USERS_MAX ? new Map<UserId, Context>() : ofRoot;
    users.set(userId, context);
    this.memory.contexts.set(root, users, users.size * CONTEXT_BYTES);
    return context;
  }

  /** Until which position the user has been joined last: everything before it came before some join of theirs, or during it. */
  async #joinedUntil(room: RoomIdentity, userId: UserId): Promise<number> {
    if (this.memory.joined.peek(userId, room.roomId) !== undefined) return Number.POSITIVE_INFINITY;
    const own = await this.members.find(room.nid, userId);
    if (own === undefined) return Number.NEGATIVE_INFINITY;
    if (own.membership === 'join') return Number.POSITIVE_INFINITY;
    const ended = await this.endOfStay(await this.events.byNid(own.eventNid), userId);
    return ended?.position ?? Number.NEGATIVE_INFINITY;
  }

  async #isWorldReadable(room: RoomIdentity): Promise<boolean> {
    const state = await this.current.ofRoom(room);
    return historyVisibilityOf((await state?.get('m.room.history_visibility'))?.content) === 'world_readable';
  }
}
