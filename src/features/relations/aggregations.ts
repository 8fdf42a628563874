import { isJsonObject } from '#protocol/json.ts';
import type { EventId, ServerName, UserId } from '#protocol/identifiers/index.ts';
import { serverNameOf } from '#protocol/identifiers/index.ts';
import type { ClientEvents, EventHook, EventReader, EventStore, StoredEvent, Visibility } from '#rooms/index.ts';
import { relationOf } from './relation.ts';
import type { RelationRow, RelationStore } from './relation-store.ts';

export interface AggregationDeps {
  readonly store: RelationStore;
  readonly events: EventStore;
  readonly visibility: Visibility;
  /** Asked for late: it is made with this as one of its sources. */
  readonly clientEvents: () => ClientEvents;
  readonly ignoredBy: (userId: UserId) => Promise<ReadonlySet<string>>;
  readonly serverName: ServerName;
}

/** Events known to have nothing related to them, remembered at most. */
const BARREN_MAX = 50_000;
const BUNDLED = ['m.replace', 'm.thread', 'm.reference'];

/**
 * Bundled aggregations: what relates to an event, told along with it in `unsigned.m.relations`. Most events have nothing: that
 * is remembered, so that serving them asks nobody.
 * https://spec.matrix.org/v1.19/client-server-api/#aggregations-of-child-events
 */
export class Aggregations implements EventHook {
  readonly #barren = new Set<EventId>();

  constructor(private readonly deps: AggregationDeps) {}

  /** The JSON text of `m.relations`, by interned event id, of those of the events that have any. */
  async of(events: readonly StoredEvent[], reader: EventReader): Promise<ReadonlyMap<number, string>> {
    const asked = events.filter((event) => !event.isState && event.redactedBy === undefined && !this.#barren.has(event.eventId));
    if (asked.length === 0) return NOTHING;
    const rows = await this.deps.store.ofParents(asked.map((event) => event.eventId), BUNDLED);
    const byParent = new Map<string, RelationRow[]>();
    for (const row of rows) {
      const siblings = byParent.get(row.parent_id);
      if (siblings === undefined) byParent.set(row.parent_id, [row]);
      else siblings.push(row);
    }
    for (const event of asked) if (!byParent.has(event.eventId)) this.#rememberBarren(event.eventId);
    if (byParent.size === 0) return NOTHING;
    const ignored = await this.deps.ignoredBy(reader.userId);
    const texts = new Map<number, string>();
    for (const event of asked) {
      const related = byParent.get(event.eventId)?.filter((row) => row.room_nid === event.roomNid && !ignored.has(row.sender));
      const text = related === undefined ? undefined : await this.#bundle(event, related, reader);
      if (text !== undefined) texts.set(event.nid, text);
    }
    return texts;
  }

  committed(event: StoredEvent): void {
    const relation = event.isState ? undefined : relationOf(event.content);
    if (relation !== undefined) this.#barren.delete(relation.parentId);
    // Nothing can relate to an event before it exists; from elsewhere, an event may come after what relates to it.
    if (serverNameOf(event.sender) === this.deps.serverName) this.#rememberBarren(event.eventId);
  }

  async #bundle(event: StoredEvent, related: readonly RelationRow[], reader: EventReader): Promise<string | undefined> {
    const parts: string[] = [];
    const edit = await this.#latestEdit(event, related, reader);
    if (edit !== undefined) parts.push(`"m.replace":${await this.#text(edit, reader)}`);
    const thread = await this.#thread(event, related, reader);
    if (thread !== undefined) parts.push(`"m.thread":${thread}`);
    const references = related.filter((row) => row.rel_type === 'm.reference');
    if (references.length > 0) {
      const found = await this.deps.events.byNids(references.map((row) => row.event_nid));
      const chunk = references.map((row) => ({ event_id: found.get(row.event_nid)?.eventId }));
      parts.push(`"m.reference":${JSON.stringify({ chunk })}`);
    }
    return parts.length === 0 ? undefined : `{${parts.join(',')}}`;
  }

  /** The newest valid edit. https://spec.matrix.org/v1.19/client-server-api/#validity-of-replacement-events */
  async #latestEdit(event: StoredEvent, related: readonly RelationRow[], reader: EventReader): Promise<StoredEvent | undefined> {
    if (relationOf(event.content)?.relType === 'm.replace') return undefined;
    const rows = related.filter((row) => row.rel_type === 'm.replace' && row.sender === event.sender && row.type === event.type);
    if (rows.length === 0) return undefined;
    const found = await this.deps.events.byNids(rows.map((row) => row.event_nid));
    const edits = [...found.values()].filter(
      (edit) => !edit.isState && (edit.type === 'm.room.encrypted' || isJsonObject(edit.content['m.new_content'])),
    );
    edits.sort((a, b) => b.originServerTs - a.originServerTs || (a.eventId < b.eventId ? 1 : -1));
    return this.#firstVisible(edits, reader);
  }

  async #thread(event: StoredEvent, related: readonly RelationRow[], reader: EventReader): Promise<string | undefined> {
    const replies = related.filter((row) => row.rel_type === 'm.thread');
    const newest = replies.at(-1);
    if (newest === undefined) return undefined;
    const found = await this.deps.events.byNids(replies.slice(-10).map((row) => row.event_nid));
    const latest = await this.#firstVisible([...replies].reverse().map((row) => found.get(row.event_nid)).filter((reply) => reply !== undefined), reader);
    if (latest === undefined) return undefined;
    const hasTakenPart = event.sender === reader.userId || replies.some((row) => row.sender === reader.userId);
    const rows = await this.deps.store.ofParents([latest.eventId], ['m.replace']);
    const edit = await this.#latestEdit(latest, rows, reader);
    const extra = edit === undefined ? undefined : `{"m.replace":${await this.#text(edit, reader)}}`;
    return `{"latest_event":${await this.#text(latest, reader, extra)},"count":${replies.length},"current_user_participated":${hasTakenPart}}`;
  }

  async #firstVisible(events: readonly StoredEvent[], reader: EventReader): Promise<StoredEvent | undefined> {
    for (const event of events) {
      const [visible] = await this.deps.visibility.filter([event], reader.userId);
      if (visible !== undefined) return event;
    }
    return undefined;
  }

  async #text(event: StoredEvent, reader: EventReader, relations?: string): Promise<string> {
    const text = await this.deps.clientEvents().serializeOne(event, { reader, withAggregations: false });
    if (relations === undefined) return text;
    const shown = JSON.parse(text) as { unsigned?: Record<string, unknown> };
    return JSON.stringify({ ...shown, unsigned: { ...shown.unsigned, 'm.relations': JSON.parse(relations) } });
  }

  #rememberBarren(eventId: EventId): void {
    this.#barren.add(eventId);
    if (this.#barren.size <= BARREN_MAX) return;
    for (const oldest of this.#barren) {
      this.#barren.delete(oldest);
      break;
    }
  }
}

const NOTHING: ReadonlyMap<number, string> = new Map();
