/** What a server keeps of a room's current state beside it, compared with the same made anew from that state. */
import { expect } from 'bun:test';
import type { Reader } from '#platform/storage/index.ts';
import { type RoomId, serverNameOf, type UserId } from '#protocol/identifiers/index.ts';
import { isJsonObject, type JsonObject } from '#protocol/json.ts';
import type { Rooms, StoredEvent } from '#rooms/index.ts';

export interface Observed {
  readonly rooms: Rooms;
  readonly reader: Reader;
  readonly serverName: string;
}

type Row = Record<string, unknown>;
type Check = (room: RoomState) => Promise<void> | void;

interface RoomState extends Observed {
  readonly roomId: RoomId;
  readonly nid: number;
  readonly state: readonly StoredEvent[];
  /** The content in force of an entry with an empty state key. */
  content(type: string): JsonObject;
  members(membership?: string): readonly StoredEvent[];
  rows(sql: string): Promise<Row[]>;
}

/** By what it is that is derived. Each fails where it differs from what the resolved state says. */
const CHECKS: Readonly<Record<string, Check>> = {
  async 'forward extremities, current root'({ rooms, roomId, rows, nid }) {
    const [room] = await rows(`select current_root from rooms where room_nid = ${nid}`);
    const ends = await rows(`select event_nid from forward_extremities where room_nid = ${nid}`);
    await rooms.engine.within(roomId, async ({ room: hot }) => {
      expect(Buffer.from(room!.current_root as Uint8Array).toString('hex')).toBe(hot.root);
      expect(hot.extremities.map((extremity) => extremity.nid).sort()).toEqual(ends.map(nidOf).sort());
    });
  },

  async memberships({ members, rows, nid, serverName }) {
    const found = await rows(
      'select user_id, membership, sender, event_nid, display_name, avatar_url, is_local from memberships ' +
        `where room_nid = ${nid} order by user_id`,
    );
    expect(found).toEqual(
      members().map((event) => ({
        user_id: event.stateKey,
        membership: event.content.membership,
        sender: event.sender,
        event_nid: event.nid,
        display_name: event.content.displayname ?? null,
        avatar_url: event.content.avatar_url ?? null,
        is_local: serverNameOf(event.stateKey as UserId) === serverName ? 1 : 0,
      })),
    );
  },

  async state_deltas({ state, rows, nid }) {
    const deltas = await rows(
      `select type, state_key, event_nid from state_deltas where room_nid = ${nid} order by position`,
    );
    const last = new Map(deltas.map((delta) => [`${delta.type} ${delta.state_key}`, delta.event_nid]));
    const now = new Map(state.map((event) => [`${event.type} ${event.stateKey}`, event.nid as unknown]));
    expect(new Map([...last].filter(([, event]) => event !== null))).toEqual(now);
  },

  async 'who is joined, in memory'({ members, rooms, roomId, serverName, rows, nid }) {
    const joined = members('join').map(({ stateKey }) => stateKey as UserId);
    for (const { stateKey } of members()) {
      expect([stateKey, (await rooms.joined.of(stateKey as UserId)).has(roomId)]).toEqual([
        stateKey,
        joined.includes(stateKey as UserId),
      ]);
    }
    expect([...rooms.joined.usersIn(roomId)].filter((userId) => !joined.includes(userId))).toEqual([]);
    await rooms.engine.within(roomId, async ({ room }) => {
      expect(await room.joinedCount()).toBe(joined.length);
      expect([...(await room.localJoined())].sort()).toEqual(joined.filter((id) => serverNameOf(id) === serverName));
    });
    const [counted] = await rows(
      `select count(*) as n from memberships where room_nid = ${nid} and membership = 'join'`,
    );
    expect(Number(counted?.n)).toBe(joined.length);
  },

  async room_summaries({ content, members, rows, nid }) {
    const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : null);
    const [name, topic, alias] = [
      text(content('m.room.name').name),
      text(content('m.room.topic').topic),
      text(content('m.room.canonical_alias').alias),
    ];
    const [row] = await rows(`select * from room_summaries where room_nid = ${nid}`);
    expect(row).toMatchObject({
      name,
      topic,
      canonical_alias: alias,
      avatar_url: text(content('m.room.avatar').url),
      joined_count: members('join').length,
      join_rule: text(content('m.room.join_rules').join_rule),
      guest_access: text(content('m.room.guest_access').guest_access),
      history_visibility: text(content('m.room.history_visibility').history_visibility),
      room_type: text(content('m.room.create').type),
      encryption: text(content('m.room.encryption').algorithm),
      search_text: [name, topic, alias]
        .filter((part) => part !== null)
        .join('\n')
        .toLowerCase(),
    });
  },

  async space_children({ state, rows, nid }) {
    const children = state.filter(
      ({ type, content: { via } }) => type === 'm.space.child' && Array.isArray(via) && via.length > 0,
    );
    const found = await rows(
      `select child_room_id, event_nid, content, sender from space_children where room_nid = ${nid} order by child_room_id`,
    );
    expect(found).toEqual(
      children.map((event) => ({
        child_room_id: event.stateKey,
        event_nid: event.nid,
        content: JSON.stringify(event.content),
        sender: event.sender,
      })),
    );
  },

  /** Users of other servers go by what they call themselves in a room that anybody may join. */
  async directory_users({ content, members, rows, serverName }) {
    const isRemote = (userId: string | undefined) => serverNameOf(userId as UserId) !== serverName;
    const found = await rows('select user_id, display_name from directory_users where is_local = 0');
    const names = new Map(found.map((row) => [row.user_id, row.display_name]));
    for (const { stateKey, content: member } of members('join').filter((event) => isRemote(event.stateKey))) {
      expect([stateKey, names.has(stateKey)]).toEqual([stateKey, true]);
      if (content('m.room.join_rules').join_rule !== 'public') continue;
      expect([stateKey, names.get(stateKey)]).toEqual([stateKey, member.displayname ?? null]);
    }
  },
};

export async function expectDerived(observed: Observed, roomId: RoomId, except: readonly string[] = []): Promise<void> {
  const { rooms, reader } = observed;
  const view = (await rooms.current.of(roomId))!;
  // From the database, not from a room in memory.
  const state = (await view.all()).sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const room: RoomState = {
    ...observed,
    roomId,
    nid: view.room.nid,
    state,
    content: (type) => state.find((event) => event.type === type && event.stateKey === '')?.content ?? {},
    members: (membership) =>
      state.filter(
        ({ type, content }) =>
          type === 'm.room.member' && isJsonObject(content) && [content.membership, undefined].includes(membership),
      ),
    rows: (sql) => reader.all<Row>({ sql, parameters: [] }),
  };
  for (const [name, check] of Object.entries(CHECKS)) {
    if (except.includes(name)) continue;
    try {
      await check(room);
    } catch (error) {
      throw new Error(`${name}: ${error instanceof Error ? error.message : error}`, { cause: error });
    }
  }
}

const nameOf = ({ type, stateKey }: StoredEvent) => `${type} ${stateKey}`;
const nidOf = (row: Row) => row.event_nid as number;
