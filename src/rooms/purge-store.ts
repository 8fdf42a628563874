import { inIntegers, listParameter, statement } from '#platform/storage/index.ts';
import type { Reader, Statement } from '#platform/storage/ports.ts';
import type { EventId, UserId } from '#protocol/identifiers/index.ts';

export interface PurgedEvent {
  readonly event_nid: number;
  readonly event_id: EventId;
}

/** Rows of one batch: it must not keep others waiting. */
const PAGE = 500;

const empty = statement('update rooms set current_root = null where room_nid = ?');
const deleteRoom = statement('delete from rooms where room_nid = ?');
const deleteForward = statement('delete from forward_extremities where room_nid = ?');
const deleteBackward = statement('delete from backward_extremities where room_nid = ?');
const localMembers = statement<{ user_id: UserId }>(
  'select user_id from memberships where room_nid = ? and is_local = 1',
);
const deleteMembers = statement<{ room_nid: number }>(
  'delete from memberships where room_nid = ? and user_id in ' +
    `(select user_id from memberships where room_nid = ? limit ${PAGE}) returning room_nid`,
);
const deleteDeltas = statement<{ room_nid: number }>(
  `delete from state_deltas where position in (select position from state_deltas where room_nid = ? limit ${PAGE}) returning room_nid`,
);
const deleteTransactions = statement<{ room_nid: number }>(
  'delete from event_transactions where (user_id, device_id, room_nid, operation, txn_id) in ' +
    `(select user_id, device_id, room_nid, operation, txn_id from event_transactions where room_nid = ? limit ${PAGE}) ` +
    'returning room_nid',
);
const deleteNodes = statement<{ room_nid: number }>(
  'delete from state_nodes where room_nid = ? and hash in ' +
    `(select hash from state_nodes where room_nid = ? limit ${PAGE}) returning room_nid`,
);
const events = statement<PurgedEvent>(`select event_nid, event_id from events where room_nid = ? limit ${PAGE}`);

/** Deletes all that the room engine keeps of a room, in pieces. */
export class PurgeStore {
  constructor(private readonly reader: Reader) {}

  /** From then on the room has no state, and no event can be added to it. */
  close(roomNid: number): Statement[] {
    return [empty(roomNid), deleteForward(roomNid), deleteBackward(roomNid)];
  }

  async localMembers(roomNid: number): Promise<UserId[]> {
    return (await this.reader.all(localMembers(roomNid))).map((row) => row.user_id);
  }

  /** Some events that are left. */
  events(roomNid: number): Promise<PurgedEvent[]> {
    return this.reader.all(events(roomNid));
  }

  /** Deletes events, and what other tables keep of them. */
  deleteEvents(nids: readonly number[]): Statement[] {
    const list = listParameter(nids);
    const within = (table: string, column: string): Statement => ({
      sql: `delete from ${table} where ${inIntegers(this.reader.dialect, column)}`,
      parameters: [list],
    });
    return [within('state_auth_edges', 'auth_nid'), within('redactions', 'event_nid'), within('events', 'event_nid')];
  }

  /** Each deletes some rows and answers one for each; to be repeated until there are none. */
  pieces(roomNid: number): readonly (() => Statement<{ room_nid: number }>)[] {
    return [
      () => deleteMembers(roomNid, roomNid),
      () => deleteDeltas(roomNid),
      () => deleteTransactions(roomNid),
      () => deleteNodes(roomNid, roomNid),
    ];
  }

  deleteRoom(roomNid: number): Statement {
    return deleteRoom(roomNid);
  }
}
