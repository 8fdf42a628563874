import { invalidParam } from '#protocol/errors.ts';
import { clampLimit } from '#protocol/filters/index.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { redactedContent } from '#protocol/redaction/index.ts';
import {
  type ClientEvents,
  decodeTimelineToken,
  type EventReader,
  type EventStore,
  encodeTimelineToken,
  TIMELINE_END,
  type TimelinePlace,
  type Visibility,
  type VisibleEvent,
} from '#rooms/index.ts';
import type { RelatedEventStore, ThreadRow } from './related-event-store.ts';
import type { RelationStore } from './relation-store.ts';

export interface ThreadListDeps {
  readonly store: RelationStore;
  readonly related: RelatedEventStore;
  readonly events: EventStore;
  readonly visibility: Visibility;
  readonly clientEvents: () => ClientEvents;
  readonly ignoredBy: (userId: UserId) => Promise<ReadonlySet<string>>;
}

export interface ThreadsQuery {
  readonly include?: 'all' | 'participated' | undefined;
  readonly limit?: number | undefined;
  readonly from?: string | undefined;
}

const LIMITS = { fallback: 5, max: 100 };
/** How many threads one request looks through at most, when the reader may not see most of them. */
const MAX_SCANNED = 1_000;

/** The threads of a room. https://spec.matrix.org/v1.19/client-server-api/#querying-threads-in-a-room */
export class ThreadList {
  constructor(private readonly deps: ThreadListDeps) {}

  /** The body of a `/threads`: roots, those with the latest activity first. @throws MatrixError 403 `M_FORBIDDEN`. */
  async of(roomId: RoomId, query: ThreadsQuery, reader: EventReader): Promise<string> {
    const { room } = await this.deps.visibility.accessOf(roomId, reader.userId);
    const limit = clampLimit(query.limit, LIMITS);
    const participant = query.include === 'participated' ? reader.userId : undefined;
    const ignored = await this.deps.ignoredBy(reader.userId);
    let before = readToken(query.from);
    const roots: VisibleEvent[] = [];
    let isMore = true;
    for (let scanned = 0; isMore && roots.length < limit && scanned < MAX_SCANNED; ) {
      const size = limit - roots.length + 1;
      const threads = await this.deps.related.threads(room.nid, before, size, participant);
      isMore = threads.length === size;
      const taken = threads.slice(0, size - 1);
      roots.push(...(await this.#roots(room.nid, taken, reader.userId, ignored)));
      before = taken.at(-1)?.latest ?? before;
      scanned += threads.length;
    }
    const parts = [`"chunk":[${(await this.#texts(roots, reader, ignored)).join(',')}]`];
    if (isMore) parts.push(`"next_batch":${JSON.stringify(encodeTimelineToken(before))}`);
    return `{${parts.join(',')}}`;
  }

  /** The roots that the reader may see, of threads that are more than what ignored users say. */
  async #roots(
    roomNid: number,
    threads: readonly ThreadRow[],
    userId: UserId,
    ignored: ReadonlySet<string>,
  ): Promise<VisibleEvent[]> {
    const { store, events, visibility } = this.deps;
    const ids = threads.map(({ rootId }) => rootId);
    const known = await events.byIds(ids);
    const roots = ids
      .map((id) => known.get(id))
      .filter((event) => event?.roomNid === roomNid) as VisibleEvent['event'][];
    const visible = await visibility.filter(roots, userId);
    if (ignored.size === 0) return visible;
    const [all, unwanted] = [await store.replyCounts(roomNid, ids), await store.replyCountsOf(roomNid, ids, ignored)];
    return visible.filter(({ event: { eventId } }) => (all.get(eventId) ?? 0) > (unwanted.get(eventId) ?? 0));
  }

  async #texts(roots: readonly VisibleEvent[], reader: EventReader, ignored: ReadonlySet<string>): Promise<string[]> {
    const texts = await this.deps.clientEvents().serialize(
      roots.map(({ event }) => event),
      { reader, memberships: new Map(roots.map(({ event, membership }) => [event.nid, membership])) },
    );
    return texts.map((text, index) => {
      const { event } = roots[index]!;
      return ignored.has(event.sender) && !event.isState ? asRedacted(text, event) : text;
    });
  }
}

/** How a thread root by an ignored user is shown. */
function asRedacted(text: string, { type, rules }: VisibleEvent['event']): string {
  const shown = JSON.parse(text) as { content: JsonObject; unsigned?: { 'm.relations'?: JsonObject } };
  const relations = shown.unsigned?.['m.relations'];
  delete relations?.['m.replace'];
  return JSON.stringify({ ...shown, content: redactedContent(type, shown.content, rules) });
}

function readToken(from: string | undefined): TimelinePlace {
  if (from === undefined || from === '') return TIMELINE_END;
  const place = decodeTimelineToken(from);
  if (place === undefined) throw invalidParam('from is not a token of this endpoint');
  return place;
}
