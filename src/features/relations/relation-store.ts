import type { Relation } from '#protocol/filters/index.ts';
import type { EventId, UserId } from '#protocol/identifiers/index.ts';
import { inTexts, listParameter, statement } from '#platform/storage/index.ts';
import type { Reader, Statement } from '#platform/storage/ports.ts';
import { EVENT_COLUMNS, type EventRow, type EventStore, type StoredEvent, type TimelinePlace } from '#rooms/index.ts';

export interface RelationRow {
  event_nid: number;
  room_nid: number;
  parent_id: string;
  rel_type: string;
  annotation_key: string | null;
  type: string;
  sender: string;
  depth: number;
  position: number;
}

export interface ChildQuery {
  readonly roomNid: number;
  readonly parentId: EventId;
  readonly relType: string | undefined;
  readonly type: string | undefined;
  readonly direction: 'b' | 'f';
  readonly from: TimelinePlace;
  readonly limit: number;
  /** How many relations away an event may be: 1 for those that name the parent itself. */
  readonly levels: number;
}

const EVENT = EVENT_COLUMNS.split(', ')
  .map((column) => `e.${column}`)
  .join(', ');

const insertRelation = statement(
  'insert into relations (event_nid, room_nid, parent_id, rel_type, annotation_key, type, sender, depth, position) ' +
    'values (?, ?, ?, ?, ?, ?, ?, ?, ?)',
);
const touchThread = statement(
  'insert into threads (root_id, room_nid, latest_position) values (?, ?, ?) ' +
    'on conflict (root_id) do update set latest_position = excluded.latest_position ' +
    'where threads.latest_position < excluded.latest_position',
);
const annotation = statement<{ one: number }>(
  'select 1 as one from relations r join events e on e.event_nid = r.event_nid ' +
    "where r.parent_id = ? and r.rel_type = 'm.annotation' and r.annotation_key = ? and r.sender = ? and r.type = ? " +
    'and r.room_nid = ? and e.redacted_by is null limit 1',
);
const relationOfEvent = statement<{ parent_id: string; rel_type: string }>('select parent_id, rel_type from relations where event_nid = ?');
const threads = statement<{ root_id: string; latest_position: number }>(
  'select root_id, latest_position from threads where room_nid = ? and latest_position < ? order by latest_position desc limit ?',
);
const participated = statement<{ root_id: string; latest_position: number }>(
  'select t.root_id, t.latest_position from threads t where t.room_nid = ? and t.latest_position < ? and (' +
    'exists (select 1 from events e where e.event_id = t.root_id and e.sender = ?) or ' +
    "exists (select 1 from relations r where r.parent_id = t.root_id and r.rel_type = 'm.thread' and r.sender = ?)" +
    ') order by t.latest_position desc limit ?',
);

/** Which events relate to which. Redacted ones do not count any more. */
export class RelationStore {
  constructor(
    private readonly reader: Reader,
    private readonly events: EventStore,
  ) {}

  insert(row: RelationRow): Statement {
    const { event_nid: nid, room_nid: roomNid, parent_id: parentId, rel_type: relType, annotation_key: key, type } = row;
    return insertRelation(nid, roomNid, parentId, relType, key, type, row.sender, row.depth, row.position);
  }

  touchThread(rootId: EventId, roomNid: number, position: number): Statement {
    return touchThread(rootId, roomNid, position);
  }

  async hasAnnotation(roomNid: number, parentId: EventId, key: string, sender: UserId, type: string): Promise<boolean> {
    return (await this.reader.first(annotation(parentId, key, sender, type, roomNid))) !== undefined;
  }

  /** What an event relates to. */
  async ofEvent(nid: number): Promise<{ readonly parentId: EventId; readonly relType: string } | undefined> {
    const row = await this.reader.first(relationOfEvent(nid));
    return row === undefined ? undefined : { parentId: row.parent_id as EventId, relType: row.rel_type };
  }

  /** Everything that relates to any of the events, in the order of the timeline. */
  async ofParents(parentIds: readonly EventId[], relTypes?: readonly string[]): Promise<RelationRow[]> {
    const { dialect } = this.reader;
    const types = relTypes === undefined ? '' : ` and ${inTexts(dialect, 'r.rel_type')}`;
    const rows = await this.reader.all<RelationRow>({
      sql:
        'select r.event_nid, r.room_nid, r.parent_id, r.rel_type, r.annotation_key, r.type, r.sender, r.depth, r.position ' +
        'from relations r join events e on e.event_nid = r.event_nid ' +
        `where ${inTexts(dialect, 'r.parent_id')}${types} and e.redacted_by is null order by r.depth, r.position`,
      parameters: [listParameter(parentIds), ...(relTypes === undefined ? [] : [listParameter(relTypes)])],
    });
    return rows;
  }

  /** A page of the events that relate to one. */
  async children(query: ChildQuery): Promise<StoredEvent[]> {
    const { direction, from, relType, type } = query;
    const backward = direction === 'b';
    const order = backward ? 'desc' : 'asc';
    const sql =
      'with recursive related (event_nid, level) as (' +
      'select r.event_nid, 1 from relations r where r.parent_id = ? and r.room_nid = ? ' +
      'union select r.event_nid, p.level + 1 from related p join events e on e.event_nid = p.event_nid ' +
      'join relations r on r.parent_id = e.event_id and r.room_nid = ? where p.level < ?) ' +
      `select distinct ${EVENT} from related p join relations r on r.event_nid = p.event_nid ` +
      'join events e on e.event_nid = p.event_nid where e.redacted_by is null ' +
      `and (e.depth, e.position) ${backward ? '<=' : '>'} (?, ?)` +
      `${relType === undefined ? '' : ' and r.rel_type = ?'}${type === undefined ? '' : ' and r.type = ?'} ` +
      `order by e.depth ${order}, e.position ${order} limit ?`;
    const rows = await this.reader.all<EventRow>({
      sql,
      parameters: [
        query.parentId, query.roomNid, query.roomNid, query.levels, from.depth, from.position,
        ...(relType === undefined ? [] : [relType]),
        ...(type === undefined ? [] : [type]),
        query.limit,
      ],
    });
    return this.events.fromRows(rows);
  }

  /** Thread roots of a room with activity before a position, latest first. */
  async threads(roomNid: number, before: number, limit: number, participant: UserId | undefined): Promise<{ rootId: EventId; latestPosition: number }[]> {
    const query = participant === undefined ? threads(roomNid, before, limit) : participated(roomNid, before, participant, participant, limit);
    return (await this.reader.all(query)).map((row) => ({ rootId: row.root_id as EventId, latestPosition: row.latest_position }));
  }

  /** What relates to each event, as filters ask for it. */
  async forFilters(events: readonly StoredEvent[]): Promise<ReadonlyMap<number, readonly Relation[]>> {
    const nids = new Map(events.map((event) => [event.eventId as string, event.nid]));
    const found = new Map<number, Relation[]>();
    for (const row of await this.ofParents(events.map((event) => event.eventId))) {
      const nid = nids.get(row.parent_id);
      if (nid === undefined) continue;
      const relations = found.get(nid) ?? [];
      relations.push({ sender: row.sender, relType: row.rel_type });
      found.set(nid, relations);
    }
    return found;
  }
}
