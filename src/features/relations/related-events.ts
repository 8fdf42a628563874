import { invalidParam, notFound } from '#protocol/errors.ts';
import { clampLimit } from '#protocol/filters/index.ts';
import type { EventId, RoomId, UserId } from '#protocol/identifiers/index.ts';
import { decodeSyncToken } from '#platform/streams/index.ts';
import {
  type ClientEvents,
  decodeTimelineToken,
  type EventReader,
  type EventStore,
  encodeTimelineToken,
  placeAfter,
  placeBefore,
  TIMELINE_END,
  TIMELINE_START,
  type TimelinePlace,
  type TimelineStore,
  type Visibility,
  type VisibleEvent,
} from '#rooms/index.ts';
import type { RelationStore } from './relation-store.ts';

export interface RelatedEventsDeps {
  readonly store: RelationStore;
  readonly events: EventStore;
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
const THREAD_LIMITS = { fallback: 5, max: 100 };

/** Pages through what relates to an event, and through the threads of a room. */
export class RelatedEvents {
  constructor(private readonly deps: RelatedEventsDeps) {}

  /** The body of a `/relations`. @throws MatrixError 404 `M_NOT_FOUND` if the event does not exist for the reader. */
  async of(roomId: RoomId, eventId: EventId, query: RelationsQuery, reader: EventReader): Promise<string> {
    const { visibility, store } = this.deps;
    const { room } = await visibility.accessOf(roomId, reader.userId);
    if ((await visibility.find(eventId, roomId, reader.userId)) === undefined) throw notFound('Event not found');
    const direction = query.dir ?? 'b';
    const limit = clampLimit(query.limit, LIMITS);
    const start = query.from ? await this.#place(query.from, room.nid) : direction === 'b' ? TIMELINE_END : TIMELINE_START;
    const to = query.to ? await this.#place(query.to, room.nid) : undefined;
    const ignored = await this.deps.ignoredBy(reader.userId);
    const found: VisibleEvent[] = [];
    let from: TimelinePlace = start;
    let isMore = true;
    while (found.length < limit && isMore) {
      const wanted = limit - found.length + 1;
      const page = await store.children({
        roomNid: room.nid,
        parentId: eventId,
        relType: query.relType,
        type: query.eventType,
        levels: query.recurse === true ? RECURSION_DEPTH : 1,
        direction,
        from,
        limit: wanted,
      });
      const within = page.filter((event) => to === undefined || isWithin(event, to, direction));
      isMore = page.length === wanted && within.length === page.length;
      const taken = within.slice(0, wanted - 1);
      found.push(...(await visibility.filter(taken, reader.userId, { ignored })));
      const last = taken.at(-1);
      if (last === undefined) break;
      from = direction === 'b' ? placeBefore(last) : placeAfter(last);
    }
    const parts = [`"chunk":[${(await this.#texts(found, reader)).join(',')}]`];
    if (isMore) parts.push(`"next_batch":${JSON.stringify(encodeTimelineToken(from))}`);
    if (query.from) parts.push(`"prev_batch":${JSON.stringify(query.from)}`);
    if (query.recurse === true) parts.push(`"recursion_depth":${RECURSION_DEPTH}`);
    return `{${parts.join(',')}}`;
  }

  /** The body of a `/threads`: roots, those with the latest activity first. */
  async threads(
    roomId: RoomId,
    query: { readonly include?: 'all' | 'participated' | undefined; readonly limit?: number | undefined; readonly from?: string | undefined },
    reader: EventReader,
  ): Promise<string> {
    const { visibility, store, events } = this.deps;
    const { room } = await visibility.accessOf(roomId, reader.userId);
    const limit = clampLimit(query.limit, THREAD_LIMITS);
    const before = query.from ? decodeSyncToken(query.from) : Number.MAX_SAFE_INTEGER;
    if (before === undefined) throw invalidParam('from is not a token of this endpoint');
    const participant = query.include === 'participated' ? reader.userId : undefined;
    const ignored = await this.deps.ignoredBy(reader.userId);
    const threads = await store.threads(room.nid, before, limit + 1, participant);
    const shown = threads.slice(0, limit);
    const roots = await events.byIds(shown.map(({ rootId }) => rootId));
    const ordered = shown.map(({ rootId }) => roots.get(rootId)).filter((event) => event !== undefined && event.roomId === roomId) as never[];
    const visible = await visibility.filter(ordered, reader.userId, { ignored });
    const parts = [`"chunk":[${(await this.#texts(visible, reader)).join(',')}]`];
    if (threads.length > limit) parts.push(`"next_batch":"s${shown.at(-1)?.latestPosition}"`);
    return `{${parts.join(',')}}`;
  }

  #texts(events: readonly VisibleEvent[], reader: EventReader): Promise<string[]> {
    return this.deps.clientEvents().serialize(
      events.map(({ event }) => event),
      { reader, memberships: new Map(events.map(({ event, membership }) => [event.nid, membership])) },
    );
  }

  async #place(token: string, roomNid: number): Promise<TimelinePlace> {
    const place = decodeTimelineToken(token);
    if (place !== undefined) return place;
    const position = decodeSyncToken(token);
    if (position === undefined) throw invalidParam('Not a pagination token');
    return this.deps.timeline.placeAt(roomNid, position);
  }
}

function isWithin(event: { readonly depth: number; readonly position: number | undefined }, to: TimelinePlace, direction: 'b' | 'f'): boolean {
  const order = event.depth - to.depth || (event.position ?? 0) - to.position;
  return direction === 'b' ? order > 0 : order <= 0;
}
