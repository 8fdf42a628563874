import { inIntegers, inTexts, isStorableText, listParameter, statement } from '#platform/storage/index.ts';
import type { Reader, SqlValue, Statement } from '#platform/storage/ports.ts';
import type { EventId, UserId } from '#protocol/identifiers/index.ts';
import type { SearchQuery } from './search-query.ts';
import { typeOfKey } from './searchable-text.ts';
import { roomWord, toFts5, toRoomsTsquery, toTsquery, toTsvector } from './word-index.ts';

/** An event that waits for the index. */
export interface PendingEvent {
  readonly nid: number;
  /** What it says; `undefined` if it has been redacted or deleted meanwhile. */
  readonly said:
    | { readonly roomNid: number; readonly type: string; readonly stateKey?: string; readonly content: string }
    | undefined;
}

/** The words of an event, for the index. */
export interface IndexedEvent {
  readonly nid: number;
  readonly roomNid: number;
  readonly words: readonly string[];
}

/** A place in the order of the results: after the event with this time and interned id, or after so many of them. */
export type SearchPlace =
  | { readonly order: 'recent'; readonly timestamp: number; readonly nid: number }
  | { readonly order: 'rank'; readonly skip: number };

export interface SearchScope {
  readonly query: SearchQuery;
  readonly userId: UserId;
  readonly joinedNids: readonly number[];
  /** Of these, what came before the user's present membership. */
  readonly leftNids: readonly number[];
  readonly keys: readonly string[] | undefined;
  readonly senders: readonly string[] | undefined;
}

export interface Match {
  readonly nid: number;
  readonly roomNid: number;
  readonly sender: string;
  readonly originServerTs: number;
  /** Higher is closer. */
  readonly rank: number;
}

interface MatchRow {
  event_nid: number;
  room_nid: number;
  sender: string;
  origin_server_ts: number;
  closeness: number;
}

interface PendingRow {
  event_nid: number;
  room_nid: number | null;
  type: string | null;
  state_key: string | null;
  content: string | null;
}

const addPending = statement('insert into search_pending (event_nid) values (?)');
const selectPending = (order: 'asc' | 'desc') =>
  statement<PendingRow>(
    'select p.event_nid, e.room_nid, e.type, e.state_key, e.content from search_pending p ' +
      `left join events e on e.event_nid = p.event_nid and e.redacted_by is null order by p.event_nid ${order} limit ?`,
  );
const oldestPending = selectPending('asc');
const newestPending = selectPending('desc');
// An event may be redacted, deleted or indexed between the reading of its text and the writing of its words.
const STILL_PENDING =
  'join search_pending p on p.event_nid = cast(j.value->>0 as bigint) join events e on e.event_nid = p.event_nid ' +
  'where e.redacted_by is null';
// All in one: FTS5 writes out what it has gathered before each statement that could fail half-way, which costs more than the words.
const insertWords = {
  sqlite: statement(
    'insert into search_words (rowid, room, words) select p.event_nid, j.value->>1, j.value->>2 ' +
      `from json_each(?) j ${STILL_PENDING}`,
  ),
  postgres: statement(
    'insert into search_words (event_nid, words) select p.event_nid, (j.value->>1)::tsvector ' +
      `from json_array_elements(?::text::json) j(value) ${STILL_PENDING}`,
  ),
};
const REDACTED = 'select event_nid from events where event_id = ? and room_nid = ? and redacted_by is not null';
const removePending = statement(`delete from search_pending where event_nid in (${REDACTED})`);
const removeWords = {
  sqlite: statement(`delete from search_words where rowid in (${REDACTED})`),
  postgres: statement(`delete from search_words where event_nid in (${REDACTED})`),
};

/** With more rooms than these, they are sorted out after the words have been found. */
const ROOMS_IN_INDEX = 300;

/** The index of words, which differs by engine, and the events that wait for it: they are not found yet. */
export class SearchStore {
  constructor(private readonly reader: Reader) {}

  addPending(nid: number): Statement {
    return addPending(nid);
  }

  /** Some of the events that the index has not got yet, in order of age, the oldest first. */
  async pending(which: 'oldest' | 'newest', limit: number): Promise<PendingEvent[]> {
    const rows = await this.reader.all((which === 'oldest' ? oldestPending : newestPending)(limit));
    if (which === 'newest') rows.reverse();
    return rows.map(({ event_nid: nid, room_nid: roomNid, type, state_key: stateKey, content }) => {
      if (roomNid === null || type === null || content === null) return { nid, said: undefined };
      return { nid, said: { roomNid, type, ...(stateKey !== null && { stateKey }), content } };
    });
  }

  /** Gives the index the words of events, as far as these are still waiting for it. */
  insertWords(events: readonly IndexedEvent[]): Statement {
    const isPostgres = this.reader.dialect === 'postgres';
    const rows = events.map(({ nid, roomNid, words }) =>
      isPostgres ? [nid, toTsvector(words, roomNid)] : [nid, roomWord(roomNid), words.join(' ')],
    );
    return insertWords[this.reader.dialect](JSON.stringify(rows));
  }

  /** They wait no longer. */
  removePending(nids: readonly number[]): Statement {
    const sql = `delete from search_pending where ${inIntegers(this.reader.dialect, 'event_nid')}`;
    return { sql, parameters: [listParameter(nids)] };
  }

  /** Takes an event out if it has been redacted. */
  removeRedacted(eventId: EventId, roomNid: number): readonly Statement[] {
    return [removeWords[this.reader.dialect](eventId, roomNid), removePending(eventId, roomNid)];
  }

  /** How many events match, whoever may see them. */
  async count(scope: SearchScope): Promise<number> {
    const { from, parameters } = this.#matching(scope);
    const [row] = await this.reader.allHeavy<{ count: number }>({
      sql: `select count(*) as count from ${from}`,
      parameters,
    });
    return Number(row?.count ?? 0);
  }

  /** The next matches after a place, the most recent or the closest first. */
  async page(scope: SearchScope, after: SearchPlace, limit: number): Promise<Match[]> {
    const { from, rank, parameters } = this.#matching(scope);
    const isRecent = after.order === 'recent';
    const sql =
      `select e.event_nid, e.room_nid, e.sender, e.origin_server_ts, ${rank} as closeness from ${from}` +
      (isRecent
        ? ' and (e.origin_server_ts, e.event_nid) < (?, ?) order by e.origin_server_ts desc, e.event_nid desc limit ?'
        : ' order by closeness desc, e.event_nid desc limit ? offset ?');
    const place = isRecent ? [after.timestamp, after.nid, limit] : [limit, after.skip];
    const rows = await this.reader.allHeavy<MatchRow>({ sql, parameters: [...parameters, ...place] });
    return rows.map((row) => ({
      nid: row.event_nid,
      roomNid: row.room_nid,
      sender: row.sender,
      originServerTs: row.origin_server_ts,
      rank: Number(row.closeness),
    }));
  }

  #matching(scope: SearchScope): { from: string; rank: string; parameters: SqlValue[] } {
    const { dialect } = this.reader;
    const { query, userId, joinedNids, leftNids, keys, senders } = scope;
    const isPostgres = dialect === 'postgres';
    const nids = [...joinedNids, ...leftNids];
    const roomsInIndex = nids.length > ROOMS_IN_INDEX ? undefined : nids;
    const parameters: SqlValue[] = isPostgres
      ? [toTsquery(query), ...(roomsInIndex === undefined ? [] : [toRoomsTsquery(roomsInIndex)])]
      : [toFts5(query, roomsInIndex)];
    parameters.push(listParameter(joinedNids), listParameter(leftNids), userId);
    let conditions =
      `e.redacted_by is null and (${inIntegers(dialect, 'e.room_nid')} or (${inIntegers(dialect, 'e.room_nid')} and exists ` +
      '(select 1 from memberships m where m.room_nid = e.room_nid and m.user_id = ? and m.position >= e.position)))';
    const types = keys?.flatMap((key) => typeOfKey(key) ?? []);
    for (const [column, list] of [['e.type', types] as const, ['e.sender', senders] as const]) {
      if (list === undefined) continue;
      conditions += ` and ${inTexts(dialect, column)}`;
      // What cannot be stored is nowhere to be found.
      parameters.push(listParameter(list.filter(isStorableText)));
    }
    if (!isPostgres) {
      const from = 'search_words join events e on e.event_nid = search_words.rowid where search_words match ?';
      return { from: `${from} and ${conditions}`, rank: '-bm25(search_words, 0.0, 1.0)', parameters };
    }
    const inRooms = roomsInIndex === undefined ? '' : ' and w.words @@ ?::text::tsquery';
    const from =
      '(select ?::text::tsquery as query) q ' +
      `join search_words w on w.words @@ q.query${inRooms} join events e on e.event_nid = w.event_nid`;
    return { from: `${from} where ${conditions}`, rank: 'ts_rank_cd(w.words, q.query)', parameters };
  }
}
