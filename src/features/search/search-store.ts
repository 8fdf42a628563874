import { inIntegers, inTexts, isStorableText, listParameter, statement } from '#platform/storage/index.ts';
import type { Reader, SqlValue, Statement } from '#platform/storage/ports.ts';
import type { EventId, UserId } from '#protocol/identifiers/index.ts';
import type { SearchQuery } from './search-query.ts';
import type { SearchKey } from './searchable-text.ts';
import { roomWord, toFts5, toTsquery, toTsvector } from './word-index.ts';

export interface IndexedEvent {
  readonly nid: number;
  readonly roomNid: number;
  readonly key: SearchKey;
  readonly sender: UserId;
  readonly originServerTs: number;
  readonly position: number;
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

const COLUMNS = 'event_nid, room_nid, key, sender, origin_server_ts, position';
const insertEvent = statement(`insert into search_events (${COLUMNS}) values (?, ?, ?, ?, ?, ?)`);
const insertPending = statement('insert into search_pending (event_nid, room, words) values (?, ?, ?)');
const anyPending = statement<{ event_nid: number }>('select event_nid from search_pending limit 1');
const indexPending = statement(
  'insert into search_words (rowid, room, words) ' +
    'select event_nid, room, words from search_pending order by event_nid limit ?',
);
const removeIndexed = statement(
  'delete from search_pending where event_nid in (select event_nid from search_pending order by event_nid limit ?)',
);
const insertWithWords = statement(
  `insert into search_events (${COLUMNS}, words) values (?, ?, ?, ?, ?, ?, ?::text::tsvector)`,
);
const REDACTED = 'select event_nid from events where event_id = ? and room_nid = ? and redacted_by is not null';
const removeWords = statement(
  `delete from search_words where rowid in (select event_nid from search_events where event_nid in (${REDACTED}))`,
);
const removePending = statement(`delete from search_pending where event_nid in (${REDACTED})`);
const removeEvent = statement(`delete from search_events where event_nid in (${REDACTED})`);

/** With more rooms than these, they are sorted out after the words have been found. */
const ROOMS_IN_INDEX = 300;

/** The index of words, which differs by engine, and the events in it. In SQLite what is pending is not found yet. */
export class SearchStore {
  constructor(private readonly reader: Reader) {}

  insert(event: IndexedEvent): readonly Statement[] {
    const { nid, roomNid, key, sender, originServerTs, position, words } = event;
    const row = [nid, roomNid, key, sender, originServerTs, position] as const;
    if (this.reader.dialect === 'postgres') return [insertWithWords(...row, toTsvector(words))];
    return [insertEvent(...row), insertPending(nid, roomWord(roomNid), words.join(' '))];
  }

  /** Takes an event out if it has been redacted. */
  removeRedacted(eventId: EventId, roomNid: number): readonly Statement[] {
    const remove = removeEvent(eventId, roomNid);
    if (this.reader.dialect === 'postgres') return [remove];
    return [removeWords(eventId, roomNid), removePending(eventId, roomNid), remove];
  }

  /** Whether there are words that the index has not got yet. */
  async hasPending(): Promise<boolean> {
    return this.reader.dialect === 'sqlite' && (await this.reader.first(anyPending())) !== undefined;
  }

  /** Gives the index the oldest of the words that it has not got yet, those of so many events. */
  indexPending(limit: number): readonly Statement[] {
    return [indexPending(limit), removeIndexed(limit)];
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
      `select s.event_nid, s.room_nid, s.sender, s.origin_server_ts, ${rank} as closeness from ${from}` +
      (isRecent
        ? ' and (s.origin_server_ts, s.event_nid) < (?, ?) order by s.origin_server_ts desc, s.event_nid desc limit ?'
        : ' order by closeness desc, s.event_nid desc limit ? offset ?');
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
    const parameters: SqlValue[] = [
      isPostgres ? toTsquery(query) : toFts5(query, nids.length > ROOMS_IN_INDEX ? undefined : nids),
      listParameter(joinedNids),
      listParameter(leftNids),
      userId,
    ];
    let conditions =
      `(${inIntegers(dialect, 's.room_nid')} or (${inIntegers(dialect, 's.room_nid')} and exists (select 1 from memberships m ` +
      'where m.room_nid = s.room_nid and m.user_id = ? and m.position >= s.position)))';
    for (const [column, list] of [['s.key', keys] as const, ['s.sender', senders] as const]) {
      if (list === undefined) continue;
      conditions += ` and ${inTexts(dialect, column)}`;
      // What cannot be stored is nowhere to be found.
      parameters.push(listParameter(list.filter(isStorableText)));
    }
    return isPostgres
      ? {
          from: `(select ?::text::tsquery as query) q join search_events s on s.words @@ q.query where ${conditions}`,
          rank: 'ts_rank_cd(s.words, q.query)',
          parameters,
        }
      : {
          from: `search_words join search_events s on s.event_nid = search_words.rowid where search_words match ? and ${conditions}`,
          rank: '-bm25(search_words, 0.0, 1.0)',
          parameters,
        };
  }
}
