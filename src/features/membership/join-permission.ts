import { forbidden, MatrixError } from '#protocol/errors.ts';
import { parseRoomId, type RoomId, type UserId } from '#protocol/identifiers/index.ts';
import { isJsonObject, type JsonValue } from '#protocol/json.ts';
import type { RoomVersionRules } from '#protocol/room-versions/index.ts';
import type { HotRoom, MembershipStore, RoomDirectory } from '#rooms/index.ts';

/**
 * Who authorises a join by the membership of another room; `undefined` where nobody needs to.
 * @throws MatrixError 403 `M_FORBIDDEN` if the user is in none of the rooms that let in; 400 `M_UNABLE_TO_GRANT_JOIN` if
 *   they are, and nobody of this server may invite.
 * https://spec.matrix.org/v1.19/client-server-api/#restricted-rooms
 */
export async function authoriserOf(
  userId: UserId,
  room: HotRoom,
  stores: { readonly rooms: RoomDirectory; readonly members: MembershipStore },
): Promise<UserId | undefined> {
  const rule = (await room.state.get('m.room.join_rules'))?.content;
  if (!isRestricted(rule?.join_rule, room.identity.rules)) return undefined;
  const current = (await room.state.get('m.room.member', userId))?.content.membership;
  if (current === 'join' || current === 'invite' || current === 'ban') return undefined;
  if (!(await isInOneOf(allowedRooms(rule?.allow), userId, stores))) {
    throw forbidden('You are not in any of the rooms whose members may join this one');
  }
  const authoriser = await strongestInviter(room);
  if (authoriser === undefined)
    throw new MatrixError('M_UNABLE_TO_GRANT_JOIN', 'Nobody here can let you into this room');
  return authoriser;
}

function isRestricted(joinRule: JsonValue | undefined, rules: RoomVersionRules): boolean {
  return (
    (rules.restrictedJoins && joinRule === 'restricted') ||
    (rules.knockRestrictedJoins && joinRule === 'knock_restricted')
  );
}

/** The rooms whose members may join. What is malformed lets nobody in. */
function allowedRooms(allow: JsonValue | undefined): RoomId[] {
  if (!Array.isArray(allow)) return [];
  return allow.flatMap((condition) => {
    if (!isJsonObject(condition) || condition.type !== 'm.room_membership') return [];
    const roomId = typeof condition.room_id === 'string' ? parseRoomId(condition.room_id) : undefined;
    return roomId === undefined ? [] : [roomId];
  });
}

async function isInOneOf(
  roomIds: readonly RoomId[],
  userId: UserId,
  { rooms, members }: { readonly rooms: RoomDirectory; readonly members: MembershipStore },
): Promise<boolean> {
  for (const roomId of roomIds) {
    const room = await rooms.find(roomId);
    if (room !== undefined && (await members.find(room.nid, userId))?.membership === 'join') return true;
  }
  return false;
}

/** The joined user of this server with the most power, if that is enough to invite. */
async function strongestInviter(room: HotRoom): Promise<UserId | undefined> {
  const powerLevels = await room.powerLevels();
  let best: UserId | undefined;
  let level = powerLevels.actionLevel('invite');
  for (const userId of await room.localJoined()) {
    const own = powerLevels.userLevel(userId);
    if (own > level || (best === undefined && own === level)) {
      best = userId;
      level = own;
    }
  }
  return best;
}
