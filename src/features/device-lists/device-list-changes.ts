import { ChangeCache, type StreamBatch, type StreamPosition } from '#platform/streams/index.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { JoinedRooms } from '#rooms/joined-rooms.ts';
import type { MembershipStore } from '#rooms/membership-store.ts';
import type { DeviceListStore } from './device-list-store.ts';
import type { MembershipChange, SharedRoomsStore } from './shared-rooms-store.ts';

/** https://spec.matrix.org/v1.19/client-server-api/#e2e-extensions-to-sync */
export interface DeviceListDelta {
  /** Whose keys to ask for again: they changed, or a room is newly shared. */
  readonly changed: readonly UserId[];
  /** With whom no room is shared any longer. */
  readonly left: readonly UserId[];
}

/** Who shares rooms with whom, in the room engine. */
export interface Sharing {
  readonly memberships: Pick<MembershipStore, 'shareRoom' | 'usersSharingRooms'>;
  readonly joinedRooms: Pick<JoinedRooms, 'of'>;
}

const NOTHING_CHANGED: DeviceListDelta = { changed: [], left: [] };
const CACHED = 100_000;
/** Above this many users, all who share a room are read at once instead of asking for one after the other. */
const ASK_ONE_BY_ONE = 16;

/** Records changes of device lists, and tells who must learn of which. */
export class DeviceListChanges {
  readonly #public: ChangeCache<UserId>;
  readonly #private: ChangeCache<UserId>;
  /** Rooms with new member events, and the users whom these are about. */
  readonly #rooms: ChangeCache<RoomId>;
  readonly #movers: ChangeCache<UserId>;

  constructor(
    private readonly lists: DeviceListStore,
    private readonly rooms: SharedRoomsStore,
    private readonly sharing: Sharing,
    start: StreamPosition,
  ) {
    this.#public = new ChangeCache(start, CACHED);
    this.#private = new ChangeCache(start, CACHED);
    this.#rooms = new ChangeCache(start, CACHED);
    this.#movers = new ChangeCache(start, CACHED);
  }

  /** A user's devices or public cross-signing keys change with this batch: wakes the user and all who share a room. */
  changed(batch: StreamBatch, userId: UserId): void {
    const position = batch.nextPosition();
    batch.add(this.lists.changed(userId, position));
    const rooms = batch.add(this.lists.roomsOf(userId));
    batch.wake({ userId });
    batch.afterAttempt(() => {
      this.#public.changed(userId, position);
      batch.wake(...rooms.rows.map((row) => ({ roomId: row.room_id as RoomId })));
    });
  }

  /** What `observer` alone sees of the users' keys (signatures by the user-signing key) changes with this batch. */
  changedFor(batch: StreamBatch, observer: UserId, userIds: readonly UserId[]): void {
    const position = batch.nextPosition();
    for (const userId of userIds) batch.add(this.lists.changedFor(observer, userId, position));
    batch.wake({ userId: observer });
    batch.afterAttempt(() => this.#private.changed(observer, position));
  }

  /** A member event came into force. To be called before those who are woken by it ask. */
  memberChanged(roomId: RoomId, userId: UserId, position: StreamPosition): void {
    this.#rooms.changed(roomId, position);
    this.#movers.changed(userId, position);
  }

  /** Everything after `since`. It may tell of something twice (in the next call, too) and never leaves anything out. */
  since(userId: UserId, since: StreamPosition): DeviceListDelta | Promise<DeviceListDelta> {
    return this.#isQuietSince(userId, since) ? NOTHING_CHANGED : this.#read(userId, since);
  }

  async #read(userId: UserId, since: StreamPosition): Promise<DeviceListDelta> {
    const [updated, own, moved] = await Promise.all([
      this.#updatedSince(since),
      this.#seenOnlyBy(userId, since),
      this.#movedSince(userId, since),
    ]);
    const others = new Set([...updated, ...moved.came, ...moved.went]);
    others.delete(userId);
    const shared = await this.#sharingWith(userId, others);
    const changed = new Set([...updated, ...moved.came].filter((other) => shared.has(other)));
    for (const other of [...moved.invited, ...own]) changed.add(other);
    if (updated.includes(userId)) changed.add(userId);
    else if (!own.includes(userId)) changed.delete(userId);
    return { changed: [...changed], left: [...moved.went].filter((other) => others.has(other) && !shared.has(other)) };
  }

  /** Whether it is known in memory that nothing changed for anybody. */
  #isQuietSince(userId: UserId, since: StreamPosition): boolean {
    return (
      this.#public.isQuietSince(since) &&
      this.#rooms.isQuietSince(since) &&
      !this.#private.hasChanged(userId, since) &&
      !this.#movers.hasChanged(userId, since)
    );
  }

  async #seenOnlyBy(userId: UserId, since: StreamPosition): Promise<UserId[]> {
    return this.#private.hasChanged(userId, since) ? this.lists.changedForSince(userId, since) : [];
  }

  #updatedSince(since: StreamPosition): UserId[] | Promise<UserId[]> {
    return this.#public.changedSince(since) ?? this.lists.changedSince(since);
  }

  /** Who may have begun or ceased to share a room with the user since then. */
  async #movedSince(userId: UserId, since: StreamPosition) {
    const rooms = await this.#roomsSince(userId, since);
    const own = await this.rooms.changesOf(userId, rooms.own, since);
    const entered = own
      .filter(({ before, after }) => before !== 'join' && after === 'join')
      .map((room) => room.roomNid);
    const quitted = own
      .filter(({ before, after }) => before === 'join' && after !== 'join')
      .map((room) => room.roomNid);
    const stayed = rooms.changed.filter((nid) => !entered.includes(nid));
    const [inEntered, inQuitted, inStayed, fromQuitted] = await Promise.all([
      this.rooms.joinedIn(entered),
      this.rooms.joinedIn(quitted),
      this.rooms.changesIn(stayed, since),
      this.rooms.changesIn(quitted, since),
    ]);
    const left = [...inStayed, ...fromQuitted].filter(({ before, after }) => before === 'join' && after !== 'join');
    const isNew = ({ before }: MembershipChange): boolean => before !== 'join' && before !== 'invite';
    return {
      came: [...inEntered, ...usersOf(inStayed.filter(({ before, after }) => before !== 'join' && after === 'join'))],
      went: new Set([...inQuitted, ...usersOf(left)]),
      // Those invited get keys, too: what clients know of them may be from an earlier time.
      invited: usersOf(inStayed.filter((change) => isNew(change) && change.after === 'invite')),
    };
  }

  /** Joined rooms in which member events came into force, and rooms in which the user's own membership changed. */
  async #roomsSince(userId: UserId, since: StreamPosition): Promise<{ changed: number[]; own: number[] }> {
    const changed = this.#rooms.changedSince(since);
    if (changed === undefined || this.#movers.hasChanged(userId, since)) {
      const { joined, touched } = await this.rooms.roomsOf(userId, since);
      return { changed: joined, own: touched };
    }
    if (changed.length === 0) return { changed: [], own: [] };
    const joined = await this.sharing.joinedRooms.of(userId);
    return { changed: changed.flatMap((roomId) => joined.get(roomId)?.nid ?? []), own: [] };
  }

  async #sharingWith(userId: UserId, others: ReadonlySet<UserId>): Promise<ReadonlySet<UserId>> {
    if (others.size > ASK_ONE_BY_ONE) return new Set(await this.sharing.memberships.usersSharingRooms(userId));
    const asked = [...others];
    const answers = await Promise.all(asked.map((other) => this.sharing.memberships.shareRoom(userId, other)));
    return new Set(asked.filter((_, index) => answers[index]));
  }
}

function usersOf(changes: readonly MembershipChange[]): UserId[] {
  return changes.map((change) => change.userId);
}
