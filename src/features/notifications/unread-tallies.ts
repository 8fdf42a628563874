import type { UserId } from '#protocol/identifiers/index.ts';
import type { Audience } from './audience.ts';
import type { RecentNotice } from './recent-notices.ts';
import { MAIN_THREAD } from './threads.ts';

export interface UnreadCounts {
  readonly notificationCount: number;
  readonly highlightCount: number;
}

/** What a user has not read in a room. */
export interface RoomUnread {
  /** Of the room with all its threads. */
  readonly total: UnreadCounts;
  /** Of the main timeline alone. */
  readonly main: UnreadCounts;
  /** By thread root, those with something unread. */
  readonly threads: ReadonlyMap<string, UnreadCounts>;
}

export interface Tally {
  notify: number;
  highlight: number;
}

/** By thread. */
export type Tallies = ReadonlyMap<string, Readonly<Tally>>;

const NOTHING: UnreadCounts = { notificationCount: 0, highlightCount: 0 };
export const NOTHING_UNREAD: RoomUnread = { total: NOTHING, main: NOTHING, threads: new Map() };

export function addNotice(
  userId: UserId,
  { sender, thread, individuals }: RecentNotice,
  audience: Audience | undefined,
  threads: Map<string, Tally>,
): void {
  const own =
    individuals.length === 0 ? undefined : individuals.find((individual) => individual.userId === userId)?.notice;
  const notice = own ?? (sender === userId ? undefined : audience?.noticeFor(userId));
  if (notice === undefined || notice === null) return;
  const tally = tallyOf(threads, thread);
  tally.notify++;
  if (notice.highlight) tally.highlight++;
}

export function copyOf(threads: Tallies): Map<string, Tally> {
  const copy = new Map<string, Tally>();
  for (const [thread, { notify, highlight }] of threads) copy.set(thread, { notify, highlight });
  return copy;
}

export function tallyOf(threads: Map<string, Tally>, thread: string): Tally {
  let tally = threads.get(thread);
  if (tally === undefined) {
    tally = { notify: 0, highlight: 0 };
    threads.set(thread, tally);
  }
  return tally;
}

export function toUnread(threads: Tallies): RoomUnread {
  if (threads.size === 0) return NOTHING_UNREAD;
  let [notify, highlight] = [0, 0];
  const byRoot = new Map<string, UnreadCounts>();
  for (const [thread, tally] of threads) {
    notify += tally.notify;
    highlight += tally.highlight;
    if (thread !== MAIN_THREAD && tally.notify > 0) byRoot.set(thread, toCounts(tally));
  }
  return {
    total: { notificationCount: notify, highlightCount: highlight },
    main: toCounts(threads.get(MAIN_THREAD) ?? { notify: 0, highlight: 0 }),
    threads: byRoot,
  };
}

function toCounts({ notify, highlight }: Readonly<Tally>): UnreadCounts {
  return { notificationCount: notify, highlightCount: highlight };
}
