/** What the room engine writes of a room besides its events, members and state trees: its root, its ends, its changes. */
import { statement } from '#platform/storage/index.ts';
import type { RoomTables } from './tables.ts';

export const insertRoom = statement('insert into rooms (room_nid, room_id, version, current_root) values (?, ?, ?, ?)');
export const setRoot = statement('update rooms set current_root = ? where room_nid = ?');
/** With one row expected, the premise that nobody has moved the room meanwhile. */
export const moveRoot = statement('update rooms set current_root = ? where room_nid = ? and current_root = ?');
export const moveExtremity = statement(
  'update forward_extremities set event_nid = ? where room_nid = ? and event_nid = ?',
);
export const addExtremity = statement('insert into forward_extremities (room_nid, event_nid) values (?, ?)');
export const dropExtremity = statement('delete from forward_extremities where room_nid = ? and event_nid = ?');
export const insertDelta = statement(
  'insert into state_deltas (position, room_nid, state_key_nid, type, state_key, event_nid, previous_event_nid) ' +
    'values (?, ?, ?, ?, ?, ?, ?)',
);
export const insertRedaction = statement('insert into redactions (event_nid, room_nid, redacts) values (?, ?, ?)');

export const selectRoot = statement<{ current_root: Uint8Array | null }>(
  'select current_root from rooms where room_nid = ?',
);
export const selectExtremities = statement<{ event_nid: number }>(
  'select event_nid from forward_extremities where room_nid = ? order by event_nid',
);

/** What never changes about a room. */
export type IdentityRow = Pick<RoomTables['rooms'], 'room_nid' | 'room_id' | 'version'>;

export const selectById = statement<IdentityRow>('select room_nid, room_id, version from rooms where room_id = ?');
export const selectByNid = statement<IdentityRow>('select room_nid, room_id, version from rooms where room_nid = ?');
