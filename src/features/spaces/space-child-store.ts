import { type Reader, type Statement, statement } from '#platform/storage/index.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';

/** A child of a space: what its `m.space.child` event in force says. */
export interface SpaceChild {
  readonly roomId: RoomId;
  /** The event's `order`, where it is valid. */
  readonly order: string | undefined;
  readonly isSuggested: boolean;
  /** The event's content as JSON text. */
  readonly content: string;
  readonly sender: UserId;
  readonly originServerTs: number;
}

interface Row {
  readonly child_room_id: string;
  readonly sort_order: string | null;
  readonly is_suggested: number;
  readonly content: string;
  readonly sender: string;
  readonly origin_server_ts: number;
}

const ofRoom = statement<Row>(
  'select child_room_id, sort_order, is_suggested, content, sender, origin_server_ts from space_children where room_nid = ?',
);
const upsert = statement(
  'insert into space_children ' +
    '(room_nid, child_room_id, event_nid, sort_order, is_suggested, content, sender, origin_server_ts) ' +
    'values (?, ?, ?, ?, ?, ?, ?, ?) on conflict (room_nid, child_room_id) do update set event_nid = excluded.event_nid, ' +
    'sort_order = excluded.sort_order, is_suggested = excluded.is_suggested, content = excluded.content, ' +
    'sender = excluded.sender, origin_server_ts = excluded.origin_server_ts',
);
const remove = statement('delete from space_children where room_nid = ? and child_room_id = ?');
const removeRoom = statement('delete from space_children where room_nid = ?');

/** The children of every room that has some, space or not. */
export class SpaceChildStore {
  constructor(private readonly reader: Reader) {}

  async of(roomNid: number): Promise<SpaceChild[]> {
    return (await this.reader.all(ofRoom(roomNid))).map((row) => ({
      roomId: row.child_room_id as RoomId,
      order: row.sort_order ?? undefined,
      isSuggested: row.is_suggested === 1,
      content: row.content,
      sender: row.sender as UserId,
      originServerTs: row.origin_server_ts,
    }));
  }

  upsert(roomNid: number, eventNid: number, child: SpaceChild): Statement {
    const { roomId, order, isSuggested, content, sender, originServerTs } = child;
    return upsert(roomNid, roomId, eventNid, order ?? null, isSuggested ? 1 : 0, content, sender, originServerTs);
  }

  remove(roomNid: number, childRoomId: string): Statement {
    return remove(roomNid, childRoomId);
  }

  removeRoom(roomNid: number): Statement {
    return removeRoom(roomNid);
  }
}
