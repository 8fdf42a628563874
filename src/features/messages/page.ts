import { type CompiledEventFilter, clampLimit } from '#protocol/filters/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import {
  type ClientEvents,
  type CurrentState,
  type EventReader,
  filterEvents,
  placeAfter,
  placeBefore,
  type RelationsOf,
  type RoomIdentity,
  type StoredEvent,
  type TimelinePlace,
  type TimelineStore,
  type Visibility,
  type VisibleEvent,
} from '#rooms/index.ts';

export interface PageStores {
  readonly timeline: TimelineStore;
  readonly visibility: Visibility;
  readonly current: CurrentState;
  readonly clientEvents: ClientEvents;
  readonly relationsOf: RelationsOf;
}

export interface PageQuery {
  readonly room: RoomIdentity;
  readonly userId: UserId;
  readonly direction: 'b' | 'f';
  readonly from: TimelinePlace;
  readonly to: TimelinePlace | undefined;
  /** At least 1 for a page with events. */
  readonly limit: number;
  readonly filter: CompiledEventFilter;
  readonly ignored: ReadonlySet<string>;
}

export interface Page {
  /** In the order of the direction. */
  readonly events: readonly VisibleEvent[];
  /** Where to go on; `undefined` when there is nothing more in that direction. */
  readonly end: TimelinePlace | undefined;
}

const DEFAULT_LIMIT = 10;
const MAX_LIMIT = 1_000;
/** How many events one request looks through at most, when a filter skips most of them. */
const MAX_SCANNED = 5_000;
const NO_PAGE: Page = { events: [], end: undefined };

/** The number of events a client may get: what it asked for, within bounds. Nothing if it asked for nothing. */
export function pageLimit(query: number | undefined, filter: CompiledEventFilter): number {
  const asked = query ?? filter.limit;
  return asked === 0 ? 0 : clampLimit(asked, { fallback: DEFAULT_LIMIT, max: MAX_LIMIT });
}

/** The next events from a place, as many as asked for, that the user may see and wants. */
export async function readPage(query: PageQuery, stores: PageStores): Promise<Page> {
  const { room, direction, limit, filter, to } = query;
  if (limit === 0 || filter.blocksAll) return NO_PAGE;
  const found: VisibleEvent[] = [];
  let place = query.from;
  for (let scanned = 0; scanned < MAX_SCANNED; ) {
    const chunk = Math.min(Math.max(limit - found.length, 20), 500);
    const read =
      direction === 'b'
        ? await stores.timeline.backward(room.nid, place, chunk)
        : await stores.timeline.forward(room.nid, place, chunk);
    const within = read.filter((event) => to === undefined || isBeforeEnd(event, to, direction));
    const visible = await stores.visibility.filter(within, query.userId, { ignored: query.ignored });
    const wanted = await filterEvents(filter, visible, ({ event }) => event, stores.relationsOf);
    const taken = wanted.slice(0, limit - found.length);
    found.push(...taken);
    scanned += read.length;
    const last = taken.at(-1)?.event;
    if (found.length >= limit && last !== undefined) return { events: found, end: beyond(last, direction) };
    const lastRead = read.at(-1);
    if (lastRead === undefined || read.length < chunk || within.length < read.length) {
      // The room's first event has nothing before it. Where a filter skipped it, clients expect a place to go on from.
      const reachedTo = within.length < read.length;
      const reachedFirst = direction === 'b' && found.at(-1)?.event === lastRead;
      const goesOn = found.length > 0 && !reachedTo && !reachedFirst && lastRead !== undefined;
      return { events: found, end: goesOn ? beyond(lastRead, direction) : undefined };
    }
    place = beyond(lastRead, direction);
  }
  return { events: found, end: place };
}

/** Which of two places comes first: negative if `a` does. */
export function comparePlaces(a: TimelinePlace, b: TimelinePlace): number {
  return a.depth - b.depth || a.position - b.position;
}

function beyond(event: StoredEvent, direction: 'b' | 'f'): TimelinePlace {
  return direction === 'b' ? placeBefore(event) : placeAfter(event);
}

/** Whether an event comes before the place where the client wants to stop. */
function isBeforeEnd(event: StoredEvent, to: TimelinePlace, direction: 'b' | 'f'): boolean {
  const order = comparePlaces(placeAfter(event), to);
  return direction === 'b' ? order > 0 : order <= 0;
}

/** The texts of visible events. */
export function pageTexts(
  events: readonly VisibleEvent[],
  reader: EventReader,
  clientEvents: ClientEvents,
): Promise<string[]> {
  return clientEvents.serialize(
    events.map(({ event }) => event),
    { reader, memberships: new Map(events.map(({ event, membership }) => [event.nid, membership])) },
  );
}

/**
 * The member events of those who sent `events`, as they were at the first of the places at which the sender has one.
 * https://spec.matrix.org/v1.19/client-server-api/#lazy-loading-room-members
 */
export async function membersOf(
  events: readonly StoredEvent[],
  places: readonly (StoredEvent | undefined)[],
  room: RoomIdentity,
  { current }: Pick<PageStores, 'current'>,
): Promise<StoredEvent[]> {
  const members = new Map<UserId, StoredEvent>();
  for (const root of new Set(places.map((place) => place?.stateAfter))) {
    if (root === undefined) continue;
    const view = current.at(room, root);
    for (const { sender } of events) {
      const member = members.has(sender) ? undefined : await view.get('m.room.member', sender);
      if (member !== undefined) members.set(sender, member);
    }
  }
  return [...members.values()];
}
