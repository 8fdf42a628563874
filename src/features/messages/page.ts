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

/** The number of events a client may get: what it asked for, within bounds. */
export function pageLimit(query: number | undefined, filter: CompiledEventFilter): number {
  return clampLimit(query ?? filter.limit, { fallback: DEFAULT_LIMIT, max: MAX_LIMIT });
}

/** The next events from a place, as many as asked for, that the user may see and wants. */
export async function readPage(query: PageQuery, stores: PageStores): Promise<Page> {
  const { room, direction, limit, filter, to } = query;
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
      // A client that has got events may ask again from there: the answer without any is the one without an end.
      const reachedTo = within.length < read.length;
      return { events: found, end: found.length > 0 && !reachedTo && lastRead !== undefined ? beyond(lastRead, direction) : undefined };
    }
    place = beyond(lastRead, direction);
  }
  return { events: found, end: place };
}

function beyond(event: StoredEvent, direction: 'b' | 'f'): TimelinePlace {
  return direction === 'b' ? placeBefore(event) : placeAfter(event);
}

/** Whether an event comes before the place where the client wants to stop. */
function isBeforeEnd(event: StoredEvent, to: TimelinePlace, direction: 'b' | 'f'): boolean {
  const order = event.depth - to.depth || (event.position ?? 0) - to.position;
  return direction === 'b' ? order > 0 : order <= 0;
}

/** The texts of visible events. */
export function pageTexts(events: readonly VisibleEvent[], reader: EventReader, clientEvents: ClientEvents): Promise<string[]> {
  return clientEvents.serialize(
    events.map(({ event }) => event),
    { reader, memberships: new Map(events.map(({ event, membership }) => [event.nid, membership])) },
  );
}

/** The member events of those who sent `events`, as they were at `at`. */
export async function membersOf(
  events: readonly StoredEvent[],
  at: StoredEvent | undefined,
  room: RoomIdentity,
  { current }: Pick<PageStores, 'current'>,
): Promise<StoredEvent[]> {
  if (at?.stateAfter === undefined) return [];
  const view = current.at(room, at.stateAfter);
  const members: StoredEvent[] = [];
  for (const sender of new Set(events.map((event) => event.sender))) {
    const member = await view.get('m.room.member', sender);
    if (member !== undefined) members.push(member);
  }
  return members;
}
