import { type Reader, type Statement, statement } from '#platform/storage/index.ts';
import type { RoomAlias, RoomId, UserId } from '#protocol/identifiers/index.ts';

/** An alias of this server. */
export interface LocalAlias {
  readonly alias: RoomAlias;
  readonly roomId: RoomId;
  readonly roomNid: number;
  readonly creator: UserId;
}

interface Row {
  readonly alias: string;
  readonly room_id: string;
  readonly room_nid: number;
  readonly creator: string;
}

const SELECT =
  'select a.alias, r.room_id, a.room_nid, a.creator from room_aliases a join rooms r on r.room_nid = a.room_nid';
const byAlias = statement<Row>(`${SELECT} where a.alias = ?`);
const byRoom = statement<Row>(`${SELECT} where a.room_nid = ? order by a.created_ts, a.alias`);
const insert = statement('insert into room_aliases (alias, room_nid, creator, created_ts) values (?, ?, ?, ?)');
const remove = statement('delete from room_aliases where alias = ? and room_nid = ?');
const removeRoom = statement('delete from room_aliases where room_nid = ?');
const move = statement('update room_aliases set room_nid = ? where room_nid = ?');

export class AliasStore {
  constructor(private readonly reader: Reader) {}

  async find(alias: RoomAlias): Promise<LocalAlias | undefined> {
    const row = await this.reader.first(byAlias(alias));
    return row === undefined ? undefined : toAlias(row);
  }

  /** Oldest first. */
  async ofRoom(roomNid: number): Promise<LocalAlias[]> {
    return (await this.reader.all(byRoom(roomNid))).map(toAlias);
  }

  /** Fails with `BatchConflict` for an alias that there is. */
  insert(alias: RoomAlias, roomNid: number, creator: UserId, createdTs: number): Statement {
    return insert(alias, roomNid, creator, createdTs);
  }

  remove(alias: RoomAlias, roomNid: number): Statement {
    return remove(alias, roomNid);
  }

  removeRoom(roomNid: number): Statement {
    return removeRoom(roomNid);
  }

  moveAll(fromRoomNid: number, toRoomNid: number): Statement {
    return move(toRoomNid, fromRoomNid);
  }
}

function toAlias(row: Row): LocalAlias {
  return {
    alias: row.alias as RoomAlias,
    roomId: row.room_id as RoomId,
    roomNid: row.room_nid,
    creator: row.creator as UserId,
  };
}
