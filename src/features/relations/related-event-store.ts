import { statement } from '#platform/storage/index.ts';
import type { Reader, SqlValue } from '#platform/storage/ports.ts';
import type { EventId, UserId } from '#protocol/identifiers/index.ts';
import { EVENT_COLUMNS, type EventRow, type EventStore, type StoredEvent, type TimelinePlace } from '#rooms/index.ts';

export interface RelatedQuery {
  readonly roomNid: number;
  readonly parentId: EventId;
  /** Every relation on the way to an event must have them, where they are given. */
  readonly relType: string | undefined;
  readonly type: string | undefined;
  readonly direction: 'b' | 'f';
  readonly from: TimelinePlace;
  readonly limit: number;
  /** How many relations away an event may be: 1 for those that name the parent itself. */
  readonly levels: number;
}

/** A thread, with the place of its latest reply. */
export interface ThreadRow {
  readonly rootId: EventId;
  readonly latest: TimelinePlace;
}

const EVENT = EVENT_COLUMNS.split(', ')
  .map((column) => `e.${column}`)
  .join(', ');

interface Row {
  root_id: string;
  latest_depth: number;
  latest_position: number;
}

const THREADS =
  'select t.root_id, t.latest_depth, t.latest_position from threads t ' +
  'where t.room_nid = ? and (t.latest_depth, t.latest_position) < (?, ?)';
const NEWEST_FIRST = 'order by t.latest_depth desc, t.latest_position desc limit ?';
const everyThread = statement<Row>(`${THREADS} ${NEWEST_FIRST}`);
const threadsOfUser = statement<Row>(
  `${THREADS} and (exists (select 1 from events e where e.event_id = t.root_id and e.sender = ?) or ` +
    'exists (select 1 from relations r where r.room_nid = t.room_nid and r.parent_id = t.root_id ' +
    `and r.rel_type = 'm.thread' and r.sender = ?)) ${NEWEST_FIRST}`,
);

/** Pages of what relates to an event, and of the threads of a room. */
export class RelatedEventStore {
  constructor(
    private readonly reader: Reader,
    private readonly events: EventStore,
  ) {}

  /** Events that relate to one, directly or through others. */
  async page(query: RelatedQuery): Promise<StoredEvent[]> {
    return this.events.fromRows(query.levels === 1 ? await this.#direct(query) : await this.#recursive(query));
  }

  /** Threads with activity before a place, latest first; of one user, those they have taken part in. */
  async threads(
    roomNid: number,
    before: TimelinePlace,
    limit: number,
    participant: UserId | undefined,
  ): Promise<ThreadRow[]> {
    const { depth, position } = before;
    const query =
      participant === undefined
        ? everyThread(roomNid, depth, position, limit)
        : threadsOfUser(roomNid, depth, position, participant, participant, limit);
    const rows = await this.reader.all(query);
    return rows.map((row) => ({
      rootId: row.root_id as EventId,
      latest: { depth: row.latest_depth, position: row.latest_position },
    }));
  }

  #direct(query: RelatedQuery): Promise<EventRow[]> {
    const kind = kindOf(query);
    return this.reader.all<EventRow>({
      sql:
        `select ${EVENT} from relations r join events e on e.event_nid = r.event_nid ` +
        `where r.room_nid = ? and r.parent_id = ?${kind.sql} and (r.depth, r.position) ${within(query)} (?, ?) ` +
        `order by ${ordered('r', query)} limit ?`,
      parameters: [
        query.roomNid,
        query.parentId,
        ...kind.parameters,
        query.from.depth,
        query.from.position,
        query.limit,
      ],
    });
  }

  /** Walks everything below the event for each page, hence off the event loop. */
  #recursive(query: RelatedQuery): Promise<EventRow[]> {
    const kind = kindOf(query);
    return this.reader.allHeavy<EventRow>({
      sql:
        'with recursive related (event_nid, event_id, level) as (' +
        'select r.event_nid, e.event_id, 1 from relations r join events e on e.event_nid = r.event_nid ' +
        `where r.room_nid = ? and r.parent_id = ?${kind.sql} union ` +
        'select r.event_nid, e.event_id, p.level + 1 from related p ' +
        'join relations r on r.room_nid = ? and r.parent_id = p.event_id ' +
        `join events e on e.event_nid = r.event_nid where p.level < ?${kind.sql}) ` +
        `select ${EVENT} from events e where e.event_nid in (select event_nid from related) and e.event_id <> ? ` +
        `and (e.depth, e.position) ${within(query)} (?, ?) order by ${ordered('e', query)} limit ?`,
      parameters: [
        query.roomNid,
        query.parentId,
        ...kind.parameters,
        query.roomNid,
        query.levels,
        ...kind.parameters,
        query.parentId,
        query.from.depth,
        query.from.position,
        query.limit,
      ],
    });
  }
}

function kindOf({ relType, type }: RelatedQuery): { readonly sql: string; readonly parameters: readonly SqlValue[] } {
  return {
    sql: `${relType === undefined ? '' : ' and r.rel_type = ?'}${type === undefined ? '' : ' and r.type = ?'}`,
    parameters: [relType, type].filter((value) => value !== undefined),
  };
}

function within({ direction }: RelatedQuery): string {
  return direction === 'b' ? '<=' : '>';
}

function ordered(table: string, { direction }: RelatedQuery): string {
  const order = direction === 'b' ? 'desc' : 'asc';
  return `${table}.depth ${order}, ${table}.position ${order}`;
}
