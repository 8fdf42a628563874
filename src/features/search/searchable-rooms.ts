import type { RoomEventFilter } from '#protocol/filters/index.ts';
import { parseRoomId, type RoomId, type UserId } from '#protocol/identifiers/index.ts';
import { isJsonObject } from '#protocol/json.ts';
import type { CurrentState, MembershipStore } from '#rooms/index.ts';

/** Rooms by interned id. */
export interface SearchableRooms {
  readonly joined: readonly number[];
  readonly left: readonly number[];
}

/** How many rooms back a room that replaced another is followed. */
const MAX_PREDECESSORS = 20;

/**
 * The rooms that a user's search looks into: those they are or have been in and have not forgotten, as the filter says. Whoever
 * asks for a room also asks for those that it replaced.
 */
export async function searchableRooms(
  userId: UserId,
  filter: Pick<RoomEventFilter, 'rooms' | 'not_rooms'>,
  { members, current }: { readonly members: MembershipStore; readonly current: CurrentState },
): Promise<SearchableRooms> {
  const wanted = filter.rooms === undefined ? undefined : await withPredecessors(filter.rooms, current);
  const unwanted = new Set<string>(filter.not_rooms);
  const joined: number[] = [];
  const left: number[] = [];
  for (const { roomId, roomNid, membership, isForgotten } of await members.ofUser(userId)) {
    if (isForgotten || unwanted.has(roomId) || wanted?.has(roomId) === false) continue;
    if (membership === 'join') joined.push(roomNid);
    else if (membership === 'leave' || membership === 'ban') left.push(roomNid);
  }
  return { joined, left };
}

async function withPredecessors(rooms: readonly string[], current: CurrentState): Promise<ReadonlySet<string>> {
  const found = new Set<string>(rooms);
  for (const room of rooms) {
    let roomId = parseRoomId(room);
    for (let steps = 0; roomId !== undefined && steps < MAX_PREDECESSORS; steps++) {
      const predecessor = await predecessorOf(roomId, current);
      if (predecessor === undefined || found.has(predecessor)) break;
      found.add(predecessor);
      roomId = predecessor;
    }
  }
  return found;
}

async function predecessorOf(roomId: RoomId, current: CurrentState): Promise<RoomId | undefined> {
  const create = await (await current.of(roomId))?.get('m.room.create');
  const predecessor = create?.content.predecessor;
  const id = isJsonObject(predecessor) ? predecessor.room_id : undefined;
  return typeof id === 'string' ? parseRoomId(id) : undefined;
}
