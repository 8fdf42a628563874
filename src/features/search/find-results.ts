import type { CompiledEventFilter } from '#protocol/filters/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import { type EventStore, filterEvents, type RelationsOf, type Visibility, type VisibleEvent } from '#rooms/index.ts';
import type { Match, SearchPlace, SearchScope, SearchStore } from './search-store.ts';

export interface ResultStores {
  readonly store: SearchStore;
  readonly events: EventStore;
  readonly visibility: Visibility;
  readonly relationsOf: RelationsOf;
}

export interface ResultQuery {
  readonly scope: SearchScope;
  readonly userId: UserId;
  readonly after: SearchPlace;
  readonly limit: number;
  readonly filter: CompiledEventFilter;
  readonly ignored: ReadonlySet<string>;
}

/** One event found, that its reader may see. */
export interface Result extends VisibleEvent {
  readonly match: Match;
  /** The place right after it. */
  readonly place: SearchPlace;
}

export interface Results {
  readonly results: readonly Result[];
  /** Of all results, not of these; exact where there are few. */
  readonly count: number;
  /** Where to go on, if there may be more. */
  readonly next: SearchPlace | undefined;
}

/** Up to so many matches are all looked at, so that their number tells nothing of what the reader may not see. */
const COUNTED_MAX = 200;
/** How many matches one request looks at, when the reader may not see most of them. */
const MAX_SCANNED = 2_000;
const PAGE = 100;

/** The next results, as many as asked for, that the user may see and wants. */
export async function findResults(query: ResultQuery, stores: ResultStores): Promise<Results> {
  const { scope, after, limit } = query;
  // Without rooms there is nothing to search.
  const isNowhere = scope.joinedNids.length === 0 && scope.leftNids.length === 0;
  const total = isNowhere ? 0 : await stores.store.count(scope);
  if (total === 0) return { results: [], count: 0, next: undefined };
  if (total <= COUNTED_MAX) {
    const start = startOf(after.order);
    const all = await visible(await stores.store.page(scope, start, COUNTED_MAX), start, query, stores);
    const results = all.filter(({ place }) => isBeyond(place, after)).slice(0, limit);
    return { results, count: all.length, next: results.length === limit ? results.at(-1)?.place : undefined };
  }
  const results: Result[] = [];
  let place = after;
  let seen = 0;
  let scanned = 0;
  while (scanned < MAX_SCANNED && results.length < limit) {
    const matches = await stores.store.page(scope, place, PAGE);
    const found = await visible(matches, place, query, stores);
    results.push(...found.slice(0, limit - results.length));
    seen += found.length;
    scanned += matches.length;
    if (matches.length < PAGE) {
      const next = results.length === limit ? results.at(-1)?.place : undefined;
      return { results, count: estimate(total, seen, scanned), next };
    }
    place = placeAfter(matches.at(-1)!, place, matches.length);
  }
  return {
    results,
    count: estimate(total, seen, scanned),
    next: results.length === limit ? results.at(-1)?.place : place,
  };
}

/** Before everything. */
export function startOf(order: SearchPlace['order']): SearchPlace {
  if (order === 'rank') return { order, skip: 0 };
  return { order, timestamp: Number.MAX_SAFE_INTEGER, nid: Number.MAX_SAFE_INTEGER };
}

async function visible(
  matches: readonly Match[],
  start: SearchPlace,
  { userId, filter, ignored }: ResultQuery,
  { events, visibility, relationsOf }: ResultStores,
): Promise<Result[]> {
  const known = await events.byNids(matches.map(({ nid }) => nid));
  const shown = new Map<number, VisibleEvent>();
  for (const roomNid of new Set(matches.map((match) => match.roomNid))) {
    const ofRoom = [...known.values()].filter((event) => event.roomNid === roomNid && event.redactedBy === undefined);
    for (const one of await visibility.filter(ofRoom, userId, { ignored })) shown.set(one.event.nid, one);
  }
  const wanted = await filterEvents(filter, [...shown.values()], ({ event }) => event, relationsOf);
  const passes = new Set(wanted.map(({ event }) => event.nid));
  return matches.flatMap((match, index) => {
    const one = passes.has(match.nid) ? shown.get(match.nid) : undefined;
    return one === undefined ? [] : [{ ...one, match, place: placeAfter(match, start, index + 1) }];
  });
}

/** The place right after a match that is the `count`th after `start`. */
function placeAfter(match: Match, start: SearchPlace, count: number): SearchPlace {
  if (start.order === 'rank') return { order: 'rank', skip: start.skip + count };
  return { order: 'recent', timestamp: match.originServerTs, nid: match.nid };
}

function isBeyond(place: SearchPlace, after: SearchPlace): boolean {
  if (place.order === 'rank') return after.order === 'rank' && place.skip > after.skip;
  if (after.order === 'rank') return false;
  return place.timestamp < after.timestamp || (place.timestamp === after.timestamp && place.nid < after.nid);
}

/** As many of all as of those looked at are for the reader. */
function estimate(total: number, seen: number, scanned: number): number {
  return scanned === 0 ? 0 : Math.round((total * seen) / scanned);
}
