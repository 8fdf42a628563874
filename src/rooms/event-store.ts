import type { ByteCache } from '#platform/cache/index.ts';
import { statement } from '#platform/storage/index.ts';
import type { Reader, Statement } from '#platform/storage/ports.ts';
import type { EventId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { RoomDirectory } from './room-directory.ts';
import { type EventRow, type NewEventRow, StoredEvent } from './stored-event.ts';

const COLUMNS =
  'event_nid, event_id, room_nid, position, depth, type, state_key, sender, origin_server_ts, status, state_before, ' +
  'state_after, redacted_by, content, rest, unsigned, auth_rank';

/** How many ids one look-up names at most; asked in sizes of powers of two, so that few texts are prepared. */
const CHUNK = 256;

const insertEvent = statement(
  `insert into events (${COLUMNS}) values (${COLUMNS.split(',')
    .map(() => '?')
    .join(', ')})`,
);
const markRedacted = statement(
  'update events set redacted_by = ? where event_id = ? and room_nid = ? and redacted_by is null',
);

const replaceOutlier = statement(
  'update events set position = ?, depth = ?, status = ?, state_before = ?, state_after = ?, redacted_by = ?, content = ?, ' +
    'rest = ?, unsigned = ? where event_nid = ? and state_before is null',
);
const setUnsigned = statement('update events set unsigned = ? where event_nid = ?');

/** Events by id, through a cache of a byte budget. */
export class EventStore {
  constructor(
    private readonly reader: Reader,
    private readonly rooms: RoomDirectory,
    private readonly cache: ByteCache<number, StoredEvent>,
    private readonly nids: ByteCache<EventId, number>,
  ) {}

  async byId(eventId: EventId): Promise<StoredEvent | undefined> {
    return (await this.byIds([eventId])).get(eventId);
  }

  /** Those of the events that are known, outliers and rejected ones included. */
  async byIds(eventIds: readonly EventId[]): Promise<Map<EventId, StoredEvent>> {
    const found = new Map<EventId, StoredEvent>();
    const missing: EventId[] = [];
    for (const eventId of eventIds) {
      const nid = this.nids.get(eventId);
      const event = nid === undefined ? undefined : this.cache.get(nid);
      if (event === undefined) missing.push(eventId);
      else found.set(eventId, event);
    }
    for (const event of await this.#select('event_id', missing)) found.set(event.eventId, event);
    return found;
  }

  /** At once, if it is in memory. */
  peek(nid: number): StoredEvent | undefined {
    return this.cache.get(nid);
  }

  /** At once, if it is in memory, by its id. */
  peekById(eventId: EventId): StoredEvent | undefined {
    const nid = this.nids.get(eventId);
    return nid === undefined ? undefined : this.cache.get(nid);
  }

  async byNid(nid: number): Promise<StoredEvent> {
    const event = this.cache.get(nid) ?? (await this.byNids([nid])).get(nid);
    if (event === undefined) throw new Error(`event ${nid} has no row`);
    return event;
  }

  async byNids(nids: readonly number[]): Promise<Map<number, StoredEvent>> {
    const found = new Map<number, StoredEvent>();
    const missing: number[] = [];
    for (const nid of nids) {
      const event = this.cache.get(nid);
      if (event === undefined) missing.push(nid);
      else found.set(nid, event);
    }
    for (const event of await this.#select('event_nid', missing)) found.set(event.nid, event);
    return found;
  }

  /** Rows that a query of another store selected whole. */
  async fromRows(rows: readonly EventRow[]): Promise<StoredEvent[]> {
    const events: StoredEvent[] = [];
    for (const row of rows) {
      const room = this.rooms.peek(row.room_nid) ?? (await this.rooms.get(row.room_nid));
      events.push(this.cache.get(row.event_nid) ?? this.remember(new StoredEvent(row, room.roomId, room.rules)));
    }
    return events;
  }

  remember(event: StoredEvent): StoredEvent {
    this.cache.set(event.nid, event, event.sizeBytes);
    this.nids.set(event.eventId, event.nid, 2 * event.eventId.length + 64);
    return event;
  }

  /** Makes an event that is about to be committed findable by its interned id, which nothing committed names yet. */
  stage(event: StoredEvent): void {
    this.cache.set(event.nid, event, event.sizeBytes);
  }

  /** After a change to its row: a redaction, a status. */
  forget(eventId: EventId): void {
    const nid = this.nids.get(eventId);
    if (nid !== undefined) this.cache.delete(nid);
  }

  insert(row: NewEventRow, position: number | undefined): Statement {
    return insertEvent(
      row.event_nid,
      row.event_id,
      row.room_nid,
      position ?? null,
      row.depth,
      row.type,
      row.state_key,
      row.sender,
      row.origin_server_ts,
      row.status,
      row.state_before,
      row.state_after,
      row.redacted_by,
      row.content,
      row.rest,
      row.unsigned,
      row.auth_rank,
    );
  }

  /** Writes an outlier, or what was rejected as one, anew now that its place in the room is known. Expect one row. */
  replaceOutlier(row: EventRow): Statement {
    return replaceOutlier(
      row.position,
      row.depth,
      row.status,
      row.state_before,
      row.state_after,
      row.redacted_by,
      row.content,
      row.rest,
      row.unsigned,
      row.event_nid,
    );
  }

  /** The first redaction of an event stays the one in force. */
  markRedacted(target: EventId, roomNid: number, redaction: EventId): Statement {
    return markRedacted(redaction, target, roomNid);
  }

  setUnsigned(nid: number, unsigned: JsonObject): Statement {
    return setUnsigned(JSON.stringify(unsigned), nid);
  }

  async #select(column: 'event_id' | 'event_nid', keys: readonly (string | number)[]): Promise<StoredEvent[]> {
    const events: StoredEvent[] = [];
    for (let at = 0; at < keys.length; at += CHUNK) {
      const part = keys.slice(at, at + CHUNK);
      const size = 2 ** Math.ceil(Math.log2(part.length));
      const padded = Array.from({ length: size }, (_, index) => part[index] ?? part[0]!);
      const text = `select ${COLUMNS} from events where ${column} in (${padded.map(() => '?').join(', ')})`;
      events.push(...(await this.fromRows(await this.reader.all<EventRow>({ sql: text, parameters: padded }))));
    }
    return events;
  }
}

/** The columns of `events`, for queries of sibling stores that select whole rows. */
export const EVENT_COLUMNS = COLUMNS;
