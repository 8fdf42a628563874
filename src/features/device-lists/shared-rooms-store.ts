import { inIntegers, listParameter, statement } from '#platform/storage/index.ts';
import type { Reader, SqlValue, Statement } from '#platform/storage/ports.ts';
import type { StreamPosition } from '#platform/streams/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import { isJsonObject } from '#protocol/json.ts';

/** How a user's membership of a room differs from what it was at an earlier position. */
export interface MembershipChange {
  readonly roomNid: number;
  readonly userId: UserId;
  /** `undefined`: there was no member event. */
  readonly before: string | undefined;
  /** Now, or `undefined`. */
  readonly after: string | undefined;
}

interface ChangeRow {
  room_nid: number;
  user_id: string;
  before: string | null;
  after: string | null;
}

const CHANGES =
  'select d.room_nid, d.state_key as user_id, e.content as before, m.membership as after from state_deltas d ' +
  'left join events e on e.event_nid = d.previous_event_nid ' +
  'left join memberships m on m.room_nid = d.room_nid and m.user_id = d.state_key ' +
  "where d.type = 'm.room.member' and d.position > ?";
const ownRooms = statement<{ room_nid: number; membership: string; position: number }>(
  'select room_nid, membership, position from memberships where user_id = ?',
);

const lostRooms = statement<{ room_nid: number }>(
  "select room_nid from state_deltas where state_key = ? and event_nid is null and position > ? and type = 'm.room.member'",
);

/** Who came to and went from rooms: read from the room engine's tables, which say what each change of state replaced. */
export class SharedRoomsStore {
  readonly #inRooms: (...parameters: SqlValue[]) => Statement<ChangeRow>;
  readonly #ofUserInRooms: (...parameters: SqlValue[]) => Statement<ChangeRow>;
  readonly #joinedIn: (...parameters: SqlValue[]) => Statement<{ user_id: string }>;

  constructor(private readonly reader: Reader) {
    const rooms = inIntegers(reader.dialect, 'd.room_nid');
    this.#inRooms = statement(`${CHANGES} and ${rooms} order by d.position`);
    this.#ofUserInRooms = statement(`${CHANGES} and d.state_key = ? and ${rooms} order by d.position`);
    this.#joinedIn = statement(
      `select distinct user_id from memberships where membership = 'join' and ${inIntegers(reader.dialect, 'room_nid')}`,
    );
  }

  /** The rooms a user is in, and those where the user's membership changed after `since`. */
  async roomsOf(userId: UserId, since: StreamPosition): Promise<{ joined: number[]; touched: number[] }> {
    const rows = await this.reader.all(ownRooms(userId));
    // State resolution may have taken a membership away, and its row.
    const lost = await this.reader.all(lostRooms(userId, since));
    const touched = rows.filter((row) => row.position > since);
    return {
      joined: rows.filter((row) => row.membership === 'join').map((row) => row.room_nid),
      touched: [...new Set([...touched, ...lost].map((row) => row.room_nid))],
    };
  }

  /** How each user's membership of the rooms differs from that at `since`. Costs what changed there. */
  async changesIn(roomNids: readonly number[], since: StreamPosition): Promise<MembershipChange[]> {
    if (roomNids.length === 0) return [];
    return firstOfEach(await this.reader.all(this.#inRooms(since, listParameter(roomNids))));
  }

  /** How one user's membership of the rooms differs from that at `since`. */
  async changesOf(userId: UserId, roomNids: readonly number[], since: StreamPosition): Promise<MembershipChange[]> {
    if (roomNids.length === 0) return [];
    return firstOfEach(await this.reader.all(this.#ofUserInRooms(since, userId, listParameter(roomNids))));
  }

  /** Everybody who is joined to one of the rooms, however many they are. */
  async joinedIn(roomNids: readonly number[]): Promise<UserId[]> {
    if (roomNids.length === 0) return [];
    return (await this.reader.allHeavy(this.#joinedIn(listParameter(roomNids)))).map((row) => row.user_id as UserId);
  }
}

/** The first delta after a position says what was before it; what is now is the same on all of a user's rows. */
function firstOfEach(rows: readonly ChangeRow[]): MembershipChange[] {
  const first = new Map<string, MembershipChange>();
  for (const row of rows) {
    const key = `${row.room_nid} ${row.user_id}`;
    if (first.has(key)) continue;
    const after = row.after ?? undefined;
    first.set(key, { roomNid: row.room_nid, userId: row.user_id as UserId, before: membershipIn(row.before), after });
  }
  return [...first.values()];
}

function membershipIn(content: string | null): string | undefined {
  const parsed: unknown = content === null ? undefined : JSON.parse(content);
  return isJsonObject(parsed) && typeof parsed.membership === 'string' ? parsed.membership : undefined;
}
