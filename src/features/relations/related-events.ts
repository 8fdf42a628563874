import { decodeSyncToken } from '#platform/streams/index.ts';
import { invalidParam, notFound } from '#protocol/errors.ts';
import { clampLimit } from '#protocol/filters/index.ts';
import type { EventId, RoomId, UserId } from '#protocol/identifiers/index.ts';
import {
  type ClientEvents,
  decodeTimelineToken,
  type EventReader,
  encodeTimelineToken,
  placeAfter,
  placeBefore,
  type StoredEvent,
  TIMELINE_END,
  TIMELINE_START,
  type TimelinePlace,
  type TimelineStore,
  type Visibility,
  type VisibleEvent,
} from '#rooms/index.ts';
import type { RelatedEventStore } from './related-event-store.ts';

export interface RelatedEventsDeps {
  readonly related: RelatedEventStore;
  readonly timeline: TimelineStore;
  readonly visibility: Visibility;
  readonly clientEvents: () => ClientEvents;
  readonly ignoredBy: (userId: UserId) => Promise<ReadonlySet<string>>;
}

export interface RelationsQuery {
  readonly relType?: string | undefined;
  readonly eventType?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly dir?: 'b' | 'f' | undefined;
  readonly limit?: number | undefined;
  readonly recurse?: boolean | undefined;
}

/** The specification leaves the depth to the server. */
const RECURSION_DEPTH = 3;
const LIMITS = { fallback: 5, max: 1_000 };
/** How many events one request looks through at most, when the reader may not see most of them. */
const MAX_SCANNED = 2_000;

/** Pages through what relates to an event. */
export class RelatedEvents {
  constructor(private readonly deps: RelatedEventsDeps) {}

  /** The body of a `/relations`. @throws MatrixError 404 `M_NOT_FOUND` if the event does not exist for the reader. */
  async of(roomId: RoomId, eventId: EventId, query: RelationsQuery, reader: EventReader): Promise<string> {
    const { visibility } = this.deps;
    const { room } = await visibility.accessOf(roomId, reader.userId);
    if ((await visibility.find(eventId, roomId, reader.userId)) === undefined) throw notFound('Event not found');
    const direction = query.dir ?? 'b';
    const start = direction === 'b' ? TIMELINE_END : TIMELINE_START;
    const page = await this.#page(room.nid, eventId, query, {
      direction,
      from: query.from ? await this.#place(query.from, room.nid) : start,
      to: query.to ? await this.#place(query.to, room.nid) : undefined,
      userId: reader.userId,
    });
    const texts = await this.deps.clientEvents().serialize(
      page.events.map(({ event }) => event),
      { reader, memberships: new Map(page.events.map(({ event, membership }) => [event.nid, membership])) },
    );
    const parts = [`"chunk":[${texts.join(',')}]`];
    if (page.end !== undefined) parts.push(`"next_batch":${JSON.stringify(encodeTimelineToken(page.end))}`);
    if (query.from) parts.push(`"prev_batch":${JSON.stringify(query.from)}`);
    if (query.recurse !== undefined) parts.push(`"recursion_depth":${query.recurse ? RECURSION_DEPTH : 0}`);
    return `{${parts.join(',')}}`;
  }

  async #page(
    roomNid: number,
    parentId: EventId,
    query: RelationsQuery,
    range: {
      readonly direction: 'b' | 'f';
      readonly from: TimelinePlace;
      readonly to: TimelinePlace | undefined;
      readonly userId: UserId;
    },
  ): Promise<{ readonly events: readonly VisibleEvent[]; readonly end: TimelinePlace | undefined }> {
    const { direction, to, userId } = range;
    if (query.limit === 0) return { events: [], end: undefined };
    const limit = clampLimit(query.limit, LIMITS);
    const ignored = await this.deps.ignoredBy(userId);
    const found: VisibleEvent[] = [];
    let { from } = range;
    for (let scanned = 0; scanned < MAX_SCANNED; ) {
      const size = Math.max(20, limit - found.length + 1);
      const read = await this.deps.related.page({
        roomNid,
        parentId,
        relType: query.relType,
        type: query.eventType,
        levels: query.recurse === true ? RECURSION_DEPTH : 1,
        direction,
        from,
        limit: size,
      });
      const within = read.filter((event) => to === undefined || isWithin(event, to, direction));
      const visible = await this.deps.visibility.filter(within, userId, { ignored });
      const taken = visible.slice(0, limit - found.length);
      found.push(...taken);
      const isLastRead = read.length < size || within.length < read.length;
      const lastTaken = taken.at(-1)?.event;
      if (found.length === limit && lastTaken !== undefined) {
        const isEnd = isLastRead && visible.length === taken.length;
        return { events: found, end: isEnd ? undefined : beyond(lastTaken, direction) };
      }
      const last = read.at(-1);
      if (isLastRead || last === undefined) return { events: found, end: undefined };
      from = beyond(last, direction);
      scanned += read.length;
    }
    return { events: found, end: from };
  }

  async #place(token: string, roomNid: number): Promise<TimelinePlace> {
    const place = decodeTimelineToken(token);
    if (place !== undefined) return place;
    const position = decodeSyncToken(token);
    if (position === undefined) throw invalidParam('Not a pagination token');
    return this.deps.timeline.placeAt(roomNid, position);
  }
}

function beyond(event: StoredEvent, direction: 'b' | 'f'): TimelinePlace {
  return direction === 'b' ? placeBefore(event) : placeAfter(event);
}

function isWithin(event: StoredEvent, to: TimelinePlace, direction: 'b' | 'f'): boolean {
  const order = event.depth - to.depth || (event.position ?? 0) - to.position;
  return direction === 'b' ? order > 0 : order <= 0;
}
