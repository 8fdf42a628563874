import type { ByteCache } from '#platform/cache/index.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { StreamPosition, Streams } from '#platform/streams/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { MembershipStore } from '#rooms/index.ts';
import type { Audiences } from './audiences.ts';
import { MARK_EVERYTHING, type ReadMarkStore, type UnreadGroup, type UnreadRange } from './read-mark-store.ts';
import type { RecentNotices } from './recent-notices.ts';
import type { UnreadChanges } from './unread-changes.ts';
import {
  addNotice,
  copyOf,
  NOTHING_UNREAD,
  type RoomUnread,
  type Tallies,
  type Tally,
  tallyOf,
  toUnread,
} from './unread-tallies.ts';

/** The counts of one user in one room, of events up to a position. */
interface Counted {
  readonly upTo: StreamPosition;
  readonly threads: Tallies;
}

export interface UnreadCountsDeps {
  readonly store: ReadMarkStore;
  readonly audiences: Audiences;
  readonly changes: UnreadChanges;
  readonly recent: RecentNotices;
  readonly streams: Pick<Streams, 'current' | 'commit'>;
  readonly members: Pick<MembershipStore, 'find'>;
  readonly cache: ByteCache<string, Counted>;
  readonly clock: Clock;
  readonly isAppserviceUser: (userId: UserId) => boolean;
}

/** Rooms counted at the same time. */
const CHUNK = 32;
/** The longest the event loop is kept, before others get a turn. */
const SLICE_MS = 10;
/** So many events that turned out to be read or silent are passed over for good. */
const PASSED_OVER_MAX = 200;

/**
 * How much users have not read. Counts are made from what is stored, kept in memory, and carried on by what is new since:
 * asking again costs nothing where nothing happened.
 * https://spec.matrix.org/v1.19/client-server-api/#receiving-notifications
 */
export class UnreadCounter {
  readonly #deps: UnreadCountsDeps;

  constructor(deps: UnreadCountsDeps) {
    this.#deps = deps;
  }

  /** Of the user in each of the rooms, which they are in. */
  countsFor(
    userId: UserId,
    roomNids: readonly number[],
  ): ReadonlyMap<number, RoomUnread> | Promise<ReadonlyMap<number, RoomUnread>> {
    const counts = new Map<number, RoomUnread>();
    if (this.#deps.isAppserviceUser(userId)) return new Map(roomNids.map((nid) => [nid, NOTHING_UNREAD]));
    const upTo = this.#deps.streams.current();
    const missing: number[] = [];
    for (const nid of roomNids) {
      const count = this.#countAtOnce(userId, nid, upTo);
      if (count === undefined) missing.push(nid);
      else counts.set(nid, count);
    }
    return missing.length === 0 ? counts : this.#countMissing(userId, missing, counts, upTo);
  }

  /** What follows from memory alone; `undefined` if it does not. */
  #countAtOnce(userId: UserId, roomNid: number, upTo: StreamPosition): RoomUnread | undefined {
    const known = this.#known(userId, roomNid);
    if (known === undefined) return undefined;
    if (!this.#deps.changes.hasNotifiedSince(roomNid, known.upTo)) return toUnread(known.threads);
    return this.#carryOnAtOnce(userId, roomNid, known, upTo);
  }

  async #countMissing(
    userId: UserId,
    roomNids: readonly number[],
    counts: Map<number, RoomUnread>,
    upTo: StreamPosition,
  ): Promise<ReadonlyMap<number, RoomUnread>> {
    const { clock } = this.#deps;
    const unknown: number[] = [];
    for (const nid of roomNids) {
      const known = this.#known(userId, nid);
      if (known === undefined) unknown.push(nid);
      else counts.set(nid, await this.#carryOn(userId, nid, known, upTo));
    }
    let sliceStart = clock.monotonic();
    for (let at = 0; at < unknown.length; at += CHUNK) {
      const chunk = unknown.slice(at, at + CHUNK);
      const marks = await this.#deps.store.marks(userId, chunk);
      const made = await Promise.all(chunk.map((nid) => this.#count(userId, nid, marks.get(nid), upTo)));
      for (const [index, nid] of chunk.entries()) counts.set(nid, made[index]!);
      if (clock.monotonic() - sliceStart < SLICE_MS) continue;
      await clock.sleep(0);
      sliceStart = clock.monotonic();
    }
    return counts;
  }

  #known(userId: UserId, roomNid: number): Counted | undefined {
    const known = this.#deps.cache.get(keyOf(userId, roomNid));
    if (known === undefined || this.#deps.changes.isRewrittenSince(userId, roomNid, known.upTo)) return undefined;
    return known;
  }

  /** As `#carryOn`, if all of it is in memory. */
  #carryOnAtOnce(userId: UserId, roomNid: number, known: Counted, upTo: StreamPosition): RoomUnread | undefined {
    const notices = this.#deps.recent.between(roomNid, known.upTo, upTo);
    if (notices === undefined) return undefined;
    const threads = copyOf(known.threads);
    for (const notice of notices) {
      const audience = notice.audienceNid === undefined ? undefined : this.#deps.audiences.peek(notice.audienceNid);
      if (audience === undefined && notice.audienceNid !== undefined) return undefined;
      addNotice(userId, notice, audience, threads);
    }
    return this.#remember(userId, roomNid, { upTo, threads });
  }

  async #carryOn(userId: UserId, roomNid: number, known: Counted, upTo: StreamPosition): Promise<RoomUnread> {
    const threads = copyOf(known.threads);
    if (!(await this.#addRecent(userId, { roomNid, after: known.upTo, upTo }, threads))) {
      await this.#scan(userId, { roomNid, after: known.upTo, upTo }, threads);
    }
    return this.#remember(userId, roomNid, { upTo, threads });
  }

  /**
   * Adds what is new from memory, if all of it is there. None of it has been read: a mark beyond the count that is carried on
   * would have rewritten that.
   */
  async #addRecent(
    userId: UserId,
    { roomNid, after, upTo }: UnreadRange,
    threads: Map<string, Tally>,
  ): Promise<boolean> {
    const notices = this.#deps.recent.between(roomNid, after, upTo);
    if (notices === undefined) return false;
    for (const notice of notices) {
      const audience =
        notice.audienceNid === undefined ? undefined : await this.#deps.audiences.get(notice.audienceNid);
      addNotice(userId, notice, audience, threads);
    }
    return true;
  }

  /** From the start: everything after the user's mark. */
  async #count(
    userId: UserId,
    roomNid: number,
    marks: ReadonlyMap<string, number> | undefined,
    upTo: StreamPosition,
  ): Promise<RoomUnread> {
    const after = marks?.get(MARK_EVERYTHING) ?? (await this.#joinedAt(userId, roomNid));
    const threads = new Map<string, Tally>();
    if (after !== undefined && this.#deps.changes.hasNotifiedSince(roomNid, after)) {
      const { passedOver, oldest } = await this.#scan(userId, { roomNid, after, upTo }, threads);
      if (passedOver > PASSED_OVER_MAX) await this.#passOver(userId, roomNid, oldest === undefined ? upTo : oldest - 1);
    }
    return this.#remember(userId, roomNid, { upTo, threads });
  }

  /** Of users in rooms whose state did not come event by event. */
  async #joinedAt(userId: UserId, roomNid: number): Promise<number | undefined> {
    const membership = await this.#deps.members.find(roomNid, userId);
    return membership?.membership === 'join' ? membership.position : undefined;
  }

  /** Adds the unread events of a range to the tallies. */
  async #scan(
    userId: UserId,
    range: UnreadRange,
    threads: Map<string, Tally>,
  ): Promise<{ readonly passedOver: number; readonly oldest: number | undefined }> {
    const { store, audiences } = this.#deps;
    const groups = await store.groups(userId, range);
    const individuals = await store.individuals(userId, range);
    let passedOver = 0;
    let oldest = Number.POSITIVE_INFINITY;
    for (const group of groups) {
      const heard = await this.#addGroup(userId, group, threads);
      passedOver += group.scanned - heard;
      if (heard > 0) oldest = Math.min(oldest, group.oldest ?? oldest);
    }
    for (const row of individuals) {
      if (row.mark !== null && row.position <= row.mark) {
        passedOver++;
        continue;
      }
      const base = row.audience_nid === null ? null : (await audiences.get(row.audience_nid)).noticeFor(userId);
      const tally = tallyOf(threads, row.thread);
      // What the audience says of the user has been counted, and does not hold.
      tally.notify += base === null ? 1 : 0;
      tally.highlight += row.highlight - (base?.highlight ? 1 : 0);
      oldest = Math.min(oldest, row.position);
    }
    return { passedOver, oldest: Number.isFinite(oldest) ? oldest : undefined };
  }

  /** Answers how many of the group's events notify the user and are unread. */
  async #addGroup(
    userId: UserId,
    { thread, audienceNid, unread }: UnreadGroup,
    threads: Map<string, Tally>,
  ): Promise<number> {
    if (unread === 0) return 0;
    const notice = (await this.#deps.audiences.get(audienceNid)).noticeFor(userId);
    if (notice === null) return 0;
    const tally = tallyOf(threads, thread);
    tally.notify += unread;
    if (notice.highlight) tally.highlight += unread;
    return unread;
  }

  /** Nothing up to there is unread, so that it need not be looked at again. Says nothing new: nobody has to learn of it. */
  async #passOver(userId: UserId, roomNid: number, position: number): Promise<void> {
    const mark = { user_id: userId, room_nid: roomNid, thread: MARK_EVERYTHING, position };
    await this.#deps.streams.commit((batch) => batch.add(this.#deps.store.advance(mark)));
  }

  #remember(userId: UserId, roomNid: number, counted: Counted): RoomUnread {
    this.#deps.cache.set(keyOf(userId, roomNid), counted, 300 + 150 * counted.threads.size);
    return toUnread(counted.threads);
  }
}

const keyOf = (userId: UserId, roomNid: number): string => `${roomNid} ${userId}`;
