import {
  escapeLike,
  inTexts,
  listParameter,
  type Reader,
  type SqlValue,
  type Statement,
  statement,
} from '#platform/storage/index.ts';
import type { RoomId } from '#protocol/identifiers/index.ts';
import type { SummaryPatch } from './read-content.ts';
import { type PublicRoomsChunk, publicRoomsChunk } from './summary-json.ts';
import { type RoomSummary, type RoomSummaryRow, type SummaryRow, toRoomSummary } from './tables.ts';

const COLUMNS =
  's.room_nid, r.room_id, r.version, s.name, s.topic, s.canonical_alias, s.avatar_url, s.joined_count, s.join_rule, ' +
  's.allowed_room_ids, s.guest_access, s.history_visibility, s.room_type, s.encryption, s.is_federatable, s.is_published, s.search_text';
const SELECT = `select ${COLUMNS} from room_summaries s join rooms r on r.room_nid = s.room_nid`;
const byId = statement<SummaryRow>(`${SELECT} where r.room_id = ?`);
const addJoined = statement('update room_summaries set joined_count = joined_count + ? where room_nid = ?');
const setPublished = statement('update room_summaries set is_published = ? where room_nid = ?');
const publishIn = statement('insert into published_networks (network, room_nid) values (?, ?) on conflict do nothing');
const unpublishIn = statement('delete from published_networks where network = ? and room_nid = ?');
const unpublishEverywhere = statement('delete from published_networks where room_nid = ?');
const remove = statement('delete from room_summaries where room_nid = ?');
const inPublicRoom = statement<{ one: number }>(
  'select 1 as one from memberships m join room_summaries s on s.room_nid = m.room_nid ' +
    "where m.user_id = ? and m.membership = 'join' " +
    "and (s.join_rule = 'public' or s.history_visibility = 'world_readable') limit 1",
);

/** What somebody outside may find: a room one can join or ask to join, or read without joining. */
const LISTABLE =
  "s.joined_count > 0 and (s.join_rule in ('public', 'knock', 'knock_restricted') or s.history_visibility = 'world_readable')";

/** A place in the directory, which is ordered by members, then by age; both descending. */
export interface DirectoryPlace {
  readonly joinedCount: number;
  readonly roomNid: number;
}

/** A room of the directory as it is listed. */
export interface ListedRoom extends DirectoryPlace {
  readonly chunk: PublicRoomsChunk;
}

export interface DirectoryQuery {
  /** What to find in name, topic or alias. */
  readonly searchTerm?: string | undefined;
  /** `null` stands for rooms without a type. */
  readonly roomTypes?: readonly (string | null)[] | undefined;
  /** The server's own list, that of a third-party network, or all of them. */
  readonly list: 'own' | 'all' | { readonly network: string };
  /** Without the rooms that other servers cannot join. */
  readonly federatableOnly?: boolean | undefined;
}

export class RoomSummaryStore {
  constructor(private readonly reader: Reader) {}

  async find(roomId: RoomId): Promise<RoomSummary | undefined> {
    const row = await this.reader.first(byId(roomId));
    return row === undefined ? undefined : toRoomSummary(row);
  }

  /** Those of the rooms that the server knows. */
  async findMany(roomIds: readonly RoomId[]): Promise<Map<RoomId, RoomSummary>> {
    if (roomIds.length === 0) return new Map();
    const sql = `${SELECT} where ${inTexts(this.reader.dialect, 'r.room_id')}`;
    const rows = await this.reader.all<SummaryRow>({ sql, parameters: [listParameter(roomIds)] });
    return new Map(rows.map((row) => [row.room_id as RoomId, toRoomSummary(row)]));
  }

  /** Whether a user is joined to a room that anybody may join or read. */
  async isInPublicRoom(userId: string): Promise<boolean> {
    return (await this.reader.first(inPublicRoom(userId))) !== undefined;
  }

  /** At most `limit` rooms of the directory after a place (`forward`) or before it, in the directory's order. */
  async page(
    query: DirectoryQuery,
    limit: number,
    from: (DirectoryPlace & { readonly direction: 'forward' | 'backward' }) | undefined,
  ): Promise<ListedRoom[]> {
    const { where, parameters } = this.#conditions(query);
    const backward = from?.direction === 'backward';
    const place = from === undefined ? '' : ` and (s.joined_count, s.room_nid) ${backward ? '>' : '<'} (?, ?)`;
    const order = backward ? 's.joined_count, s.room_nid' : 's.joined_count desc, s.room_nid desc';
    const rows = await this.reader.all<SummaryRow>({
      sql: `${SELECT} where ${where}${place} order by ${order} limit ?`,
      parameters: [...parameters, ...(from === undefined ? [] : [from.joinedCount, from.roomNid]), limit],
    });
    return (backward ? rows.reverse() : rows).map((row) => ({
      joinedCount: row.joined_count,
      roomNid: row.room_nid,
      chunk: publicRoomsChunk(toRoomSummary(row)),
    }));
  }

  async count(query: DirectoryQuery): Promise<number> {
    const { where, parameters } = this.#conditions(query);
    const sql = `select count(*) as count from room_summaries s where ${where}`;
    return Number((await this.reader.first<{ count: number }>({ sql, parameters }))?.count ?? 0);
  }

  #conditions({ searchTerm, roomTypes, list, federatableOnly }: DirectoryQuery): {
    where: string;
    parameters: SqlValue[];
  } {
    const parts = [LISTABLE];
    const parameters: SqlValue[] = [];
    const network = 'exists (select 1 from published_networks n where n.room_nid = s.room_nid';
    if (list === 'own') parts.push('s.is_published = 1');
    else if (list === 'all') parts.push(`(s.is_published = 1 or ${network}))`);
    else {
      parts.push(`${network} and n.network = ?)`);
      parameters.push(list.network);
    }
    if (federatableOnly) parts.push('s.is_federatable = 1');
    if (searchTerm !== undefined && searchTerm !== '') {
      parts.push(`s.search_text like ? escape '\\'`);
      parameters.push(`%${escapeLike(searchTerm.toLowerCase())}%`);
    }
    if (roomTypes !== undefined && roomTypes.length > 0) {
      const named = roomTypes.filter((type) => type !== null);
      const untyped = named.length < roomTypes.length ? ' or s.room_type is null' : '';
      parts.push(`(${inTexts(this.reader.dialect, 's.room_type')}${untyped})`);
      parameters.push(listParameter(named));
    }
    return { where: parts.join(' and '), parameters };
  }

  insert(row: RoomSummaryRow): Statement {
    const columns = Object.keys(row);
    const updates = columns.filter((name) => name !== 'room_nid').map((name) => `${name} = excluded.${name}`);
    return {
      sql:
        `insert into room_summaries (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')}) ` +
        `on conflict (room_nid) do update set ${updates.join(', ')}`,
      parameters: Object.values(row),
    };
  }

  patch(roomNid: number, patch: SummaryPatch & { readonly search_text?: string }): Statement {
    const entries = Object.entries(patch);
    return {
      sql: `update room_summaries set ${entries.map(([name]) => `${name} = ?`).join(', ')} where room_nid = ?`,
      parameters: [...entries.map(([, value]) => value), roomNid],
    };
  }

  addJoined(roomNid: number, difference: number): Statement {
    return addJoined(difference, roomNid);
  }

  /** Puts a room into the server's own directory or takes it off. */
  setPublished(roomNid: number, isPublished: boolean): Statement {
    return setPublished(isPublished ? 1 : 0, roomNid);
  }

  /** As `setPublished`, for the list of a third-party network. */
  setPublishedIn(network: string, roomNid: number, isPublished: boolean): Statement {
    return isPublished ? publishIn(network, roomNid) : unpublishIn(network, roomNid);
  }

  /** Everything about a room that goes away. */
  remove(roomNid: number): readonly Statement[] {
    return [remove(roomNid), unpublishEverywhere(roomNid)];
  }
}
