import { type CompiledEventFilter, clampLimit } from '#protocol/filters/index.ts';
import { membershipOf } from '#protocol/history-visibility/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import {
  encodeTimelineToken,
  filterEvents,
  placeAfter,
  placeBefore,
  type RelationsOf,
  type StoredEvent,
  type TimelineStore,
  type Visibility,
  type VisibleEvent,
} from '#rooms/index.ts';

export interface TimelinePart {
  /** Oldest first. */
  readonly events: readonly VisibleEvent[];
  /** Whether events between the start of the range and the first one were left out. */
  readonly limited: boolean;
  /** Whether something in the range is not for this reader to see. */
  readonly hasHidden: boolean;
  /** Where to page back from; absent where nothing happened in the range. */
  readonly prevBatch: string | undefined;
}

export interface TimelineQuery {
  readonly roomNid: number;
  readonly userId: UserId;
  readonly after: number;
  readonly upTo: number;
  readonly filter: CompiledEventFilter;
  readonly ignored: ReadonlySet<string>;
  /** What the user is told in any case, at the end: how they are out of the room, even if that came after they had left it. */
  readonly last?: StoredEvent | undefined;
}

const DEFAULT_LIMIT = 10;
const MAX_LIMIT = 100;
/** How many events a filter may skip before the answer says that there are more. */
const MAX_SKIPPED = 2_000;

/** The newest events of a range that the user may see and wants. */
export async function readTimeline(
  query: TimelineQuery,
  stores: { readonly timeline: TimelineStore; readonly visibility: Visibility; readonly relationsOf: RelationsOf },
): Promise<TimelinePart> {
  const { roomNid, userId, after, filter, ignored } = query;
  const limit = clampLimit(filter.limit, { fallback: DEFAULT_LIMIT, max: MAX_LIMIT });
  if (filter.blocksAll || filter.limit === 0) return readNothing(query, stores.timeline);
  let wanted: VisibleEvent[] = [];
  let newest: StoredEvent | undefined;
  let upTo = query.upTo;
  let chunk = limit + 1;
  let read = 0;
  let exhausted = false;
  let hasHidden = false;
  while (wanted.length <= limit && !exhausted && read < MAX_SKIPPED) {
    const events = await stores.timeline.newest(roomNid, after, upTo, chunk);
    const visible = await stores.visibility.filter(events, userId, { ignored });
    if (visible.length < events.length) hasHidden = true;
    wanted = [...(await filterEvents(filter, visible, ({ event }) => event, stores.relationsOf)), ...wanted];
    newest ??= events.at(-1);
    exhausted = events.length < chunk;
    read += events.length;
    upTo = (events[0]?.position ?? after) - 1;
    chunk = Math.min(chunk * 2, 500);
  }
  const { last } = query;
  if (last !== undefined && !wanted.some(({ event }) => event.nid === last.nid)) {
    const told = { event: last, membership: membershipOf(last.content) };
    wanted.push(...(await filterEvents(filter, [told], ({ event }) => event, stores.relationsOf)));
  }
  const limited = wanted.length > limit || !exhausted;
  const events = wanted.slice(-limit);
  return { events, limited, hasHidden, prevBatch: prevBatchOf(events[0]?.event, newest) };
}

/** For a client that wants no timeline: only whether there would be something in it. */
async function readNothing({ roomNid, after, upTo }: TimelineQuery, timeline: TimelineStore): Promise<TimelinePart> {
  const [newest] = await timeline.newest(roomNid, after, upTo, 1);
  return { events: [], limited: newest !== undefined, hasHidden: false, prevBatch: prevBatchOf(undefined, newest) };
}

/** Before the first event told; where the client wants none of those that there are, after them. */
function prevBatchOf(first: StoredEvent | undefined, newest: StoredEvent | undefined): string | undefined {
  if (first !== undefined) return encodeTimelineToken(placeBefore(first));
  return newest === undefined ? undefined : encodeTimelineToken(placeAfter(newest));
}
