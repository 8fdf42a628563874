import { statement } from '#platform/storage/index.ts';
import type { Reader } from '#platform/storage/ports.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';

/** The net change of one entry of a room's current state over a range of the stream. */
export interface StateDelta {
  readonly type: string;
  readonly stateKey: string;
  /** The event now in force; `undefined` if the entry went away. */
  readonly eventNid: number | undefined;
  /** The event in force before the range. */
  readonly previousNid: number | undefined;
  /** Stream position of the last change. */
  readonly position: number;
}

/** A membership that state resolution took away, with nothing in its place. */
export interface VanishedMembership {
  readonly roomNid: number;
  readonly roomId: RoomId;
  /** Stream position at which it went. */
  readonly position: number;
}

interface DeltaRow {
  position: number;
  type: string;
  state_key: string;
  event_nid: number | null;
  previous_event_nid: number | null;
}

const between = statement<DeltaRow>(
  'select position, type, state_key, event_nid, previous_event_nid from state_deltas ' +
    'where room_nid = ? and position > ? and position <= ? order by position',
);

const vanished = statement<{ room_nid: number; room_id: string; position: number }>(
  'select d.room_nid, r.room_id, max(d.position) as position from state_deltas d join rooms r on r.room_nid = d.room_nid ' +
    "where d.state_key = ? and d.event_nid is null and d.position > ? and d.position <= ? and d.type = 'm.room.member' " +
    'and not exists (select 1 from memberships m where m.room_nid = d.room_nid and m.user_id = d.state_key) ' +
    'group by d.room_nid, r.room_id',
);

/** How the current state of rooms changed along the stream. */
export class StateDeltaStore {
  constructor(private readonly reader: Reader) {}

  /** What changed after `after` and up to `upTo`, each entry once. The cost follows the changes. */
  async between(roomNid: number, after: number, upTo: number): Promise<StateDelta[]> {
    if (after >= upTo) return [];
    const net = new Map<string, StateDelta>();
    for (const row of await this.reader.all(between(roomNid, after, upTo))) {
      const name = `${row.type}\u0000${row.state_key}`;
      const earlier = net.get(name);
      net.set(name, {
        type: row.type,
        stateKey: row.state_key,
        eventNid: row.event_nid ?? undefined,
        position: row.position,
        previousNid: earlier === undefined ? (row.previous_event_nid ?? undefined) : earlier.previousNid,
      });
    }
    return [...net.values()].filter((delta) => delta.eventNid !== delta.previousNid);
  }

  /** The rooms in which the user's membership vanished after `after` and up to `upTo`, and is still gone. */
  async vanishedMemberships(userId: UserId, after: number, upTo: number): Promise<VanishedMembership[]> {
    const rows = await this.reader.all(vanished(userId, after, upTo));
    return rows.map((row) => ({ roomNid: row.room_nid, roomId: row.room_id as RoomId, position: row.position }));
  }
}
