import { type Reader, statement } from '#platform/storage/index.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';

export interface MutualRoom {
  readonly roomNid: number;
  readonly roomId: RoomId;
}

const SHARED =
  'from memberships a join memberships b on b.room_nid = a.room_nid join rooms r on r.room_nid = a.room_nid ' +
  "where a.user_id = ? and a.membership = 'join' and b.user_id = ? and b.membership = 'join'";
const page = statement<{ room_nid: number; room_id: string }>(
  `select r.room_nid, r.room_id ${SHARED} and r.room_nid > ? order by r.room_nid limit ?`,
);
const count = statement<{ count: number }>(`select count(*) as count ${SHARED}`);

/** Rooms that two users are both joined to, the oldest first. */
export class MutualRoomsStore {
  constructor(private readonly reader: Reader) {}

  async page(a: UserId, b: UserId, afterRoomNid: number, limit: number): Promise<MutualRoom[]> {
    const rows = await this.reader.all(page(a, b, afterRoomNid, limit));
    return rows.map((row) => ({ roomNid: row.room_nid, roomId: row.room_id as RoomId }));
  }

  async count(a: UserId, b: UserId): Promise<number> {
    return Number((await this.reader.first(count(a, b)))?.count ?? 0);
  }
}
