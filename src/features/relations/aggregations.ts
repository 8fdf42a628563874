import { OldestFirst } from '#platform/cache/index.ts';
import type { EventId, ServerName, UserId } from '#protocol/identifiers/index.ts';
import { serverNameOf } from '#protocol/identifiers/index.ts';
import { isJsonObject } from '#protocol/json.ts';
import type { ClientEvents, EventHook, EventReader, EventStore, StoredEvent, Visibility } from '#rooms/index.ts';
import { relationOf } from './relation.ts';
import type { Child, RelationStore } from './relation-store.ts';

export interface AggregationDeps {
  readonly store: RelationStore;
  readonly events: EventStore;
  readonly visibility: Visibility;
  /** Asked for late: it is made with this as one of its sources. */
  readonly clientEvents: () => ClientEvents;
  readonly ignoredBy: (userId: UserId) => Promise<ReadonlySet<string>>;
  readonly serverName: ServerName;
}

/** What relates to the events of a room, not yet as text. */
interface Found {
  readonly edits: readonly Child[];
  /** Interned ids of what refers to each. */
  readonly references: ReadonlyMap<EventId, readonly number[]>;
  readonly threads: readonly Thread[];
}

interface Thread {
  readonly root: StoredEvent;
  readonly count: number;
  readonly hasTakenPart: boolean;
  /** Interned ids of the newest replies, newest first. */
  readonly latest: readonly number[];
}

/** Events known to have nothing related to them, remembered at most. */
const BARREN_MAX = 50_000;
/** Replies looked at for the newest that the reader may see. */
const REPLIES_TRIED = 3;
const NOTHING: ReadonlyMap<number, string> = new Map();

/**
 * Bundled aggregations: what relates to an event, told along with it in `unsigned.m.relations`. Most events have nothing: that
 * is remembered, so that serving them asks nobody.
 * https://spec.matrix.org/v1.19/client-server-api/#aggregations-of-child-events
 */
export class Aggregations implements EventHook {
  readonly #barren = new Set<EventId>();
  readonly #oldest = new OldestFirst(this.#barren);
  /** Grows with every relation stored: what was read before says nothing about afterwards. */
  #changes = 0;

  constructor(private readonly deps: AggregationDeps) {}

  /** The JSON text of `m.relations`, by interned event id, of those of the events that have any. */
  async of(events: readonly StoredEvent[], reader: EventReader): Promise<ReadonlyMap<number, string>> {
    const asked = events.filter((event) => !event.isState && !this.#barren.has(event.eventId));
    if (asked.length === 0) return NOTHING;
    const ignored = await this.deps.ignoredBy(reader.userId);
    const texts = new Map<number, string>();
    for (const roomNid of new Set(asked.map((event) => event.roomNid))) {
      const ofRoom = asked.filter((event) => event.roomNid === roomNid);
      await this.#ofRoom(roomNid, ofRoom, { reader, ignored, texts });
    }
    return texts;
  }

  /** Whether it is known that nothing relates to the event, so that nobody is told of anything. */
  hasNone(event: StoredEvent): boolean {
    return event.isState || this.#barren.has(event.eventId);
  }

  committed(event: StoredEvent): void {
    if (event.contentText.includes('m.relates_to')) {
      const relation = relationOf(event.content);
      this.#changes++;
      if (relation !== undefined) this.#barren.delete(relation.parentId);
    }
    // Nothing can relate to an event before it exists; from elsewhere, an event may come after what relates to it.
    if (!event.isState && serverNameOf(event.sender) === this.deps.serverName) this.#rememberBarren(event.eventId);
  }

  async #ofRoom(
    roomNid: number,
    events: readonly StoredEvent[],
    answer: {
      readonly reader: EventReader;
      readonly ignored: ReadonlySet<string>;
      readonly texts: Map<number, string>;
    },
  ): Promise<void> {
    const { reader, ignored, texts } = answer;
    const changes = this.#changes;
    const found = await this.#find(roomNid, events, reader, ignored);
    if (changes === this.#changes && ignored.size === 0) this.#rememberWithout(events, found);
    const candidates = [
      ...found.edits.map(({ nid }) => nid),
      ...[...found.references.values()].flat(),
      ...found.threads.flatMap(({ latest }) => latest),
    ];
    const visible = await this.#visible(candidates, reader);
    const edits = await this.#editTexts(events, found.edits, visible, reader);
    const threads = await this.#threadTexts(found.threads, visible, reader);
    for (const event of events) {
      const parts: string[] = [];
      const edit = edits.get(event.eventId);
      if (edit !== undefined) parts.push(`"m.replace":${edit}`);
      const thread = threads.get(event.eventId);
      if (thread !== undefined) parts.push(`"m.thread":${thread}`);
      const references = (found.references.get(event.eventId) ?? []).flatMap((nid) => visible.get(nid) ?? []);
      if (references.length > 0) {
        const chunk = references.map(({ eventId }) => ({ event_id: eventId }));
        parts.push(`"m.reference":${JSON.stringify({ chunk })}`);
      }
      if (parts.length > 0) texts.set(event.nid, `{${parts.join(',')}}`);
    }
  }

  async #find(
    roomNid: number,
    events: readonly StoredEvent[],
    { userId }: EventReader,
    ignored: ReadonlySet<string>,
  ): Promise<Found> {
    const { store } = this.deps;
    const ids = events.map((event) => event.eventId);
    const [edits, referring, counts] = await Promise.all([
      store.edits(roomNid, ids),
      store.references(roomNid, ids, ignored),
      store.replyCounts(roomNid, ids),
    ]);
    const references = new Map<EventId, number[]>();
    for (const { parentId, nid } of referring) {
      const known = references.get(parentId);
      if (known === undefined) references.set(parentId, [nid]);
      else known.push(nid);
    }
    // A thread cannot start from an event that relates to another.
    const roots = events.filter((event) => counts.has(event.eventId) && relationOf(event.content) === undefined);
    return { edits, references, threads: await this.#threads(roomNid, roots, { counts, userId, ignored }) };
  }

  async #threads(
    roomNid: number,
    roots: readonly StoredEvent[],
    known: {
      readonly counts: ReadonlyMap<EventId, number>;
      readonly userId: UserId;
      readonly ignored: ReadonlySet<string>;
    },
  ): Promise<Thread[]> {
    if (roots.length === 0) return [];
    const { store } = this.deps;
    const { counts, userId, ignored } = known;
    const ids = roots.map((root) => root.eventId);
    const [own, unwanted, latest] = await Promise.all([
      store.replyCountsOf(roomNid, ids, [userId]),
      ignored.size === 0 ? new Map<EventId, number>() : store.replyCountsOf(roomNid, ids, ignored),
      Promise.all(ids.map((rootId) => store.latestReplies(roomNid, rootId, ignored, REPLIES_TRIED))),
    ]);
    return roots.map((root, index) => ({
      root,
      count: (counts.get(root.eventId) ?? 0) - (unwanted.get(root.eventId) ?? 0),
      hasTakenPart: root.sender === userId || own.has(root.eventId),
      latest: latest[index] ?? [],
    }));
  }

  /** Those of some events of one room that the reader may see. */
  async #visible(nids: readonly number[], { userId }: EventReader): Promise<ReadonlyMap<number, StoredEvent>> {
    if (nids.length === 0) return new Map();
    const events = await this.deps.events.byNids(nids);
    const shown = [...events.values()].filter((event) => event.redactedBy === undefined);
    const visible = await this.deps.visibility.filter(shown, userId);
    return new Map(visible.map(({ event }) => [event.nid, event]));
  }

  /** The newest valid edit of each. https://spec.matrix.org/v1.19/client-server-api/#validity-of-replacement-events */
  async #editTexts(
    events: readonly StoredEvent[],
    edits: readonly Child[],
    visible: ReadonlyMap<number, StoredEvent>,
    reader: EventReader,
  ): Promise<ReadonlyMap<EventId, string>> {
    const chosen = new Map<EventId, StoredEvent>();
    for (const event of events) {
      if (event.redactedBy !== undefined || relationOf(event.content)?.relType === 'm.replace') continue;
      const ofEvent = edits.filter(({ parentId }) => parentId === event.eventId).map(({ nid }) => visible.get(nid));
      const newest = ofEvent.find((edit) => edit !== undefined && hasNewContent(edit));
      if (newest !== undefined) chosen.set(event.eventId, newest);
    }
    const options = { reader, withAggregations: false };
    const texts = await this.deps.clientEvents().serialize([...chosen.values()], options);
    return new Map([...chosen.keys()].map((eventId, index) => [eventId, texts[index]!]));
  }

  async #threadTexts(
    threads: readonly Thread[],
    visible: ReadonlyMap<number, StoredEvent>,
    reader: EventReader,
  ): Promise<ReadonlyMap<EventId, string>> {
    const shown = threads.flatMap((thread) => {
      const latest = thread.latest.map((nid) => visible.get(nid)).find((event) => event !== undefined);
      return latest === undefined ? [] : [{ ...thread, latest }];
    });
    if (shown.length === 0) return new Map();
    // With what relates to the replies themselves. No thread starts from those, so this ends.
    const texts = await this.deps.clientEvents().serialize(
      shown.map(({ latest }) => latest),
      { reader },
    );
    return new Map(
      shown.map(({ root, count, hasTakenPart }, index) => [
        root.eventId,
        `{"latest_event":${texts[index]},"count":${count},"current_user_participated":${hasTakenPart}}`,
      ]),
    );
  }

  #rememberWithout(events: readonly StoredEvent[], { edits, references, threads }: Found): void {
    const fertile = new Set<EventId>(references.keys());
    for (const { parentId } of edits) fertile.add(parentId);
    for (const { root } of threads) fertile.add(root.eventId);
    for (const { eventId } of events) if (!fertile.has(eventId)) this.#rememberBarren(eventId);
  }

  #rememberBarren(eventId: EventId): void {
    this.#barren.add(eventId);
    if (this.#barren.size > BARREN_MAX) this.#barren.delete(this.#oldest.next());
  }
}

/** Of an encrypted event nobody but its readers can say. */
function hasNewContent(edit: StoredEvent): boolean {
  return edit.type === 'm.room.encrypted' || isJsonObject(edit.content['m.new_content']);
}
