import { bytewise, inTexts, isStorableText, listParameter, statement } from '#platform/storage/index.ts';
import type { Reader, SqlValue, Statement } from '#platform/storage/ports.ts';
import type { EventId, UserId } from '#protocol/identifiers/index.ts';

export interface NewRelation {
  readonly nid: number;
  readonly roomNid: number;
  readonly parentId: EventId;
  readonly relType: string;
  readonly key: string | undefined;
  readonly type: string;
  readonly sender: UserId;
  readonly depth: number;
  readonly position: number;
}

/** One event that relates to another, by its interned id. */
export interface Child {
  readonly parentId: EventId;
  readonly nid: number;
}

/** Edits of one event that are looked at, the newest first, for one that is valid and visible. */
const EDITS_TRIED = 3;

const insertRelation = statement(
  'insert into relations (event_nid, room_nid, parent_id, rel_type, annotation_key, type, sender, depth, position) ' +
    'values (?, ?, ?, ?, ?, ?, ?, ?, ?)',
);
const addReply = statement(
  'insert into threads (room_nid, root_id, reply_count, latest_depth, latest_position) values (?, ?, 1, ?, ?) ' +
    'on conflict (room_nid, root_id) do update set reply_count = threads.reply_count + 1, ' +
    'latest_depth = case when (excluded.latest_depth, excluded.latest_position) > ' +
    '(threads.latest_depth, threads.latest_position) then excluded.latest_depth else threads.latest_depth end, ' +
    'latest_position = case when (excluded.latest_depth, excluded.latest_position) > ' +
    '(threads.latest_depth, threads.latest_position) then excluded.latest_position else threads.latest_position end',
);
const removeRelation = statement(
  'delete from relations where event_nid = ? and exists ' +
    '(select 1 from events e where e.event_nid = relations.event_nid and e.redacted_by is not null)',
);
const OF_THREAD =
  "from relations r where r.room_nid = threads.room_nid and r.parent_id = threads.root_id and r.rel_type = 'm.thread'";
const LATEST = `${OF_THREAD} order by r.depth desc, r.position desc limit 1`;
const removeEmptyThread = statement(
  `delete from threads where room_nid = ? and root_id = ? and not exists (select 1 ${OF_THREAD})`,
);
const recountThread = statement(
  `update threads set reply_count = (select count(*) ${OF_THREAD}), latest_depth = (select r.depth ${LATEST}), ` +
    `latest_position = (select r.position ${LATEST}) where room_nid = ? and root_id = ?`,
);
const annotation = statement<{ one: number }>(
  "select 1 as one from relations where room_nid = ? and parent_id = ? and rel_type = 'm.annotation' and sender = ? " +
    'and annotation_key = ? and type = ? limit 1',
);

/** Which events relate to which. Those that were redacted do not: their rows go with the redaction. */
export class RelationStore {
  constructor(private readonly reader: Reader) {}

  insert(relation: NewRelation): readonly Statement[] {
    const { nid, roomNid, parentId, relType, key, type, sender, depth, position } = relation;
    const row = insertRelation(nid, roomNid, parentId, relType, key ?? null, type, sender, depth, position);
    return relType === 'm.thread' ? [row, addReply(roomNid, parentId, depth, position)] : [row];
  }

  /** Takes an event's relation away if it has been redacted, and brings its thread up to date. */
  removeRedacted(roomNid: number, nid: number, threadRoot: EventId | undefined): readonly Statement[] {
    if (threadRoot === undefined) return [removeRelation(nid)];
    return [removeRelation(nid), removeEmptyThread(roomNid, threadRoot), recountThread(roomNid, threadRoot)];
  }

  async hasAnnotation(roomNid: number, parentId: EventId, key: string, sender: UserId, type: string): Promise<boolean> {
    return (await this.reader.first(annotation(roomNid, parentId, sender, key, type))) !== undefined;
  }

  /** The newest edits that the senders of the events made of them, newest first. */
  async edits(roomNid: number, parentIds: readonly EventId[]): Promise<Child[]> {
    const { dialect } = this.reader;
    const newest = `e.origin_server_ts desc, ${bytewise(dialect, 'e.event_id')} desc`;
    return this.#children({
      sql:
        'select parent_id, event_nid from (select r.parent_id, r.event_nid, ' +
        `row_number() over (partition by r.parent_id order by ${newest}) as place ` +
        'from relations r join events e on e.event_nid = r.event_nid ' +
        'join events p on p.event_id = r.parent_id and p.sender = r.sender and p.type = r.type ' +
        `where r.room_nid = ? and ${inTexts(dialect, 'r.parent_id')} and r.rel_type = 'm.replace' ` +
        `and e.state_key is null) newest where place <= ${EDITS_TRIED} order by parent_id, place`,
      parameters: [roomNid, listParameter(parentIds)],
    });
  }

  /** Events that refer to the given ones, oldest first. */
  async references(roomNid: number, parentIds: readonly EventId[], ignored: ReadonlySet<string>): Promise<Child[]> {
    const { dialect } = this.reader;
    const others = this.#notFrom(ignored);
    const rows = await this.reader.all<{ parent_id: string; event_nid: number }>({
      sql:
        'select r.parent_id, r.event_nid from relations r ' +
        `where r.room_nid = ? and ${inTexts(dialect, 'r.parent_id')} and r.rel_type = 'm.reference'${others.sql} ` +
        'order by r.depth, r.position',
      parameters: [roomNid, listParameter(parentIds), ...others.parameters],
    });
    return rows.map((row) => ({ parentId: row.parent_id as EventId, nid: row.event_nid }));
  }

  /** How many replies the threads have, of those of the events that are thread roots. */
  async replyCounts(roomNid: number, rootIds: readonly EventId[]): Promise<Map<EventId, number>> {
    return this.#counts({
      sql: `select root_id, reply_count as count from threads where room_nid = ? and ${inTexts(this.reader.dialect, 'root_id')}`,
      parameters: [roomNid, listParameter(rootIds)],
    });
  }

  /** How many of the replies are by some users. */
  async replyCountsOf(
    roomNid: number,
    rootIds: readonly EventId[],
    senders: Iterable<string>,
  ): Promise<Map<EventId, number>> {
    const { dialect } = this.reader;
    return this.#counts({
      sql:
        `select parent_id as root_id, count(*) as count from relations where room_nid = ? and ${inTexts(dialect, 'parent_id')} ` +
        `and rel_type = 'm.thread' and ${inTexts(dialect, 'sender')} group by parent_id`,
      parameters: [roomNid, listParameter(rootIds), usersParameter(senders)],
    });
  }

  /** The newest replies in a thread. */
  async latestReplies(
    roomNid: number,
    rootId: EventId,
    ignored: ReadonlySet<string>,
    limit: number,
  ): Promise<number[]> {
    const others = this.#notFrom(ignored);
    const rows = await this.reader.all<{ event_nid: number }>({
      sql:
        `select r.event_nid from relations r where r.room_nid = ? and r.parent_id = ? and r.rel_type = 'm.thread'${others.sql} ` +
        'order by r.depth desc, r.position desc limit ?',
      parameters: [roomNid, rootId, ...others.parameters, limit],
    });
    return rows.map((row) => row.event_nid);
  }

  /** Who relates to the events, and how; each once. */
  async sendersOf(
    roomNid: number,
    parentIds: readonly EventId[],
  ): Promise<{ readonly parentId: EventId; readonly sender: string; readonly relType: string }[]> {
    const rows = await this.reader.all<{ parent_id: string; rel_type: string; sender: string }>({
      sql:
        'select distinct parent_id, rel_type, sender from relations ' +
        `where room_nid = ? and ${inTexts(this.reader.dialect, 'parent_id')}`,
      parameters: [roomNid, listParameter(parentIds)],
    });
    return rows.map((row) => ({ parentId: row.parent_id as EventId, sender: row.sender, relType: row.rel_type }));
  }

  async #children(query: Statement): Promise<Child[]> {
    const rows = await this.reader.all<{ parent_id: string; event_nid: number }>(
      query as Statement<{ parent_id: string; event_nid: number }>,
    );
    return rows.map((row) => ({ parentId: row.parent_id as EventId, nid: row.event_nid }));
  }

  async #counts(query: Statement): Promise<Map<EventId, number>> {
    const rows = await this.reader.all(query as Statement<{ root_id: string; count: number }>);
    return new Map(rows.map((row) => [row.root_id as EventId, Number(row.count)]));
  }

  #notFrom(ignored: ReadonlySet<string>): { readonly sql: string; readonly parameters: readonly SqlValue[] } {
    if (ignored.size === 0) return { sql: '', parameters: [] };
    return { sql: ` and not (${inTexts(this.reader.dialect, 'r.sender')})`, parameters: [usersParameter(ignored)] };
  }
}

/** Whom users ignore is theirs to say: a text that cannot be stored is nobody. */
function usersParameter(users: Iterable<string>): string {
  return listParameter([...users].filter(isStorableText));
}
