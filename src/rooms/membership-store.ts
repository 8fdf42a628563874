import { statement } from '#platform/storage/index.ts';
import type { Reader, Statement } from '#platform/storage/ports.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { RoomTables } from './tables.ts';

type Row = RoomTables['memberships'];
export type Membership = 'join' | 'invite' | 'knock' | 'leave' | 'ban';

/** One user's place in one room, now. */
export interface RoomMembership {
  readonly roomNid: number;
  readonly roomId: RoomId;
  readonly userId: UserId;
  readonly membership: Membership;
  /** Who made it so. */
  readonly sender: UserId;
  readonly eventNid: number;
  /** Stream position at which it became so. */
  readonly position: number;
  readonly isForgotten: boolean;
  readonly displayName: string | undefined;
  readonly avatarUrl: string | undefined;
  /** JSON array of stripped state, for an invite or knock into a room that this server is not in. */
  readonly strippedState: string | undefined;
}

const COLUMNS =
  'm.room_nid, r.room_id, m.user_id, m.membership, m.sender, m.event_nid, m.position, m.is_forgotten, m.display_name, ' +
  'm.avatar_url, m.stripped_state';
const FROM = 'from memberships m join rooms r on r.room_nid = m.room_nid';
type JoinedRow = Row & { room_id: string };

const count = statement<{ count: number }>(
  'select count(*) as count from memberships where room_nid = ? and membership = ?',
);
const localJoined = statement<{ user_id: string }>(
  "select user_id from memberships where room_nid = ? and membership = 'join' and is_local = 1",
);
const one = statement<JoinedRow>(`select ${COLUMNS} ${FROM} where m.room_nid = ? and m.user_id = ?`);
const ofRoom = statement<JoinedRow>(`select ${COLUMNS} ${FROM} where m.room_nid = ? and m.membership = ?`);
const ofUser = statement<JoinedRow>(`select ${COLUMNS} ${FROM} where m.user_id = ?`);
const ofUserWith = statement<JoinedRow>(`select ${COLUMNS} ${FROM} where m.user_id = ? and m.membership = ?`);
const upsert = statement(
  'insert into memberships (room_nid, user_id, membership, sender, event_nid, position, display_name, avatar_url, is_local, ' +
    'is_forgotten, stripped_state) values (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?) on conflict (room_nid, user_id) do update set ' +
    'membership = excluded.membership, sender = excluded.sender, event_nid = excluded.event_nid, ' +
    'position = excluded.position, display_name = excluded.display_name, avatar_url = excluded.avatar_url, ' +
    'is_forgotten = 0, stripped_state = excluded.stripped_state',
);
const remove = statement('delete from memberships where room_nid = ? and user_id = ?');
const forget = statement(
  "update memberships set is_forgotten = 1 where room_nid = ? and user_id = ? and membership in ('leave', 'ban')",
);
const redactProfile = statement(
  'update memberships set display_name = null, avatar_url = null where room_nid = ? and event_nid = ?',
);
const shared = statement<{ user_id: string }>(
  "select distinct b.user_id from memberships a join memberships b on b.room_nid = a.room_nid and b.membership = 'join' " +
    "where a.user_id = ? and a.membership = 'join'",
);
const sharesRoom = statement<{ one: number }>(
  "select 1 as one from memberships a join memberships b on b.room_nid = a.room_nid and b.user_id = ? and b.membership = 'join' " +
    "where a.user_id = ? and a.membership = 'join' limit 1",
);

/** How many users have each membership of a room, and who was in it first: for its summary. */
export const selectCounts = statement<{ membership: string; count: number }>(
  'select membership, count(*) as count from memberships where room_nid = ? group by membership',
);
export const selectPresent = statement<{ user_id: string }>(
  "select user_id from memberships where room_nid = ? and membership in ('join', 'invite') order by event_nid limit ?",
);
export const selectFormer = statement<{ user_id: string }>(
  "select user_id from memberships where room_nid = ? and membership in ('leave', 'ban') order by event_nid limit ?",
);

/** Who is in which room now. */
export class MembershipStore {
  constructor(private readonly reader: Reader) {}

  async countJoined(roomNid: number): Promise<number> {
    return this.count(roomNid, 'join');
  }

  async count(roomNid: number, membership: Membership): Promise<number> {
    return Number((await this.reader.first(count(roomNid, membership)))?.count ?? 0);
  }

  /** How many users but these are joined. */
  async countJoinedExcept(roomNid: number, userIds: readonly UserId[]): Promise<number> {
    if (userIds.length === 0) return this.countJoined(roomNid);
    const sql = `select count(*) as count from memberships where room_nid = ? and membership = 'join' and user_id not in (${userIds.map(() => '?').join(', ')})`;
    return Number((await this.reader.first<{ count: number }>({ sql, parameters: [roomNid, ...userIds] }))?.count ?? 0);
  }

  async localJoined(roomNid: number): Promise<UserId[]> {
    return (await this.reader.all(localJoined(roomNid))).map((row) => row.user_id as UserId);
  }

  async find(roomNid: number, userId: UserId): Promise<RoomMembership | undefined> {
    const row = await this.reader.first(one(roomNid, userId));
    return row === undefined ? undefined : toMembership(row);
  }

  async ofRoom(roomNid: number, membership: Membership): Promise<RoomMembership[]> {
    return (await this.reader.all(ofRoom(roomNid, membership))).map(toMembership);
  }

  /** Every room the user has a membership in, or those with one membership. Forgotten rooms included: see `isForgotten`. */
  async ofUser(userId: UserId, membership?: Membership): Promise<RoomMembership[]> {
    const query = membership === undefined ? ofUser(userId) : ofUserWith(userId, membership);
    return (await this.reader.all(query)).map(toMembership);
  }

  /** Everybody who is joined to a room that `userId` is joined to, `userId` included. */
  async usersSharingRooms(userId: UserId): Promise<UserId[]> {
    return (await this.reader.all(shared(userId))).map((row) => row.user_id as UserId);
  }

  async shareRoom(a: UserId, b: UserId): Promise<boolean> {
    return a === b || (await this.reader.first(sharesRoom(a, b))) !== undefined;
  }

  /** Forgets a room the user has left: it takes no effect on a room they are in, and none twice. */
  forget(roomNid: number, userId: UserId): Statement {
    return forget(roomNid, userId);
  }

  upsert(membership: Omit<RoomMembership, 'roomId' | 'isForgotten'>, isLocal: boolean): Statement {
    const { roomNid, userId, sender, eventNid, position, displayName, avatarUrl, strippedState } = membership;
    return upsert(
      roomNid,
      userId,
      membership.membership,
      sender,
      eventNid,
      position,
      displayName ?? null,
      avatarUrl ?? null,
      isLocal ? 1 : 0,
      strippedState ?? null,
    );
  }

  /** When the member event has been redacted. */
  redactProfile(roomNid: number, eventNid: number): Statement {
    return redactProfile(roomNid, eventNid);
  }

  /** Where state resolution has taken a member event away. */
  remove(roomNid: number, userId: UserId): Statement {
    return remove(roomNid, userId);
  }
}

function toMembership(row: JoinedRow): RoomMembership {
  return {
    roomNid: row.room_nid,
    roomId: row.room_id as RoomId,
    userId: row.user_id as UserId,
    membership: row.membership as Membership,
    sender: row.sender as UserId,
    eventNid: row.event_nid,
    position: row.position,
    isForgotten: row.is_forgotten === 1,
    displayName: row.display_name ?? undefined,
    avatarUrl: row.avatar_url ?? undefined,
    strippedState: row.stripped_state ?? undefined,
  };
}
