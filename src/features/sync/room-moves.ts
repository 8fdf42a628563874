import { membershipOf } from '#protocol/history-visibility/index.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { EventStore, MembershipStore, RoomMembership, StateDeltaStore } from '#rooms/index.ts';
import type { ChangeTracker } from './change-tracker.ts';
import type { SyncRequest } from './sync-request.ts';

/** The reader's rooms, by what the answer tells of them. */
export interface RoomMoves {
  /** Joined rooms that the client does not know yet: it gets all of them. */
  readonly newlyJoined: readonly RoomMembership[];
  readonly invited: readonly RoomMembership[];
  readonly knocked: readonly RoomMembership[];
  /** Rooms left within the range (all left rooms, for an initial sync that asks for them). */
  readonly left: readonly LeftRoom[];
}

/** A room that the reader is not in any more. */
export interface LeftRoom {
  readonly roomNid: number;
  readonly roomId: RoomId;
  /** Stream position of the change: what came later is not for the reader. */
  readonly position: number;
  /** The member event that says so; `undefined` where state resolution took their membership away. */
  readonly eventNid: number | undefined;
}

export const NO_MOVES: RoomMoves = { newlyJoined: [], invited: [], knocked: [], left: [] };

export interface MoveStores {
  readonly members: MembershipStore;
  readonly events: EventStore;
  readonly deltas: StateDeltaStore;
  readonly tracker: ChangeTracker;
}

/** How the reader's memberships changed since the client's token; for an initial sync, what they are. */
export function readMoves(
  request: SyncRequest,
  upTo: number,
  ignored: ReadonlySet<string>,
  stores: MoveStores,
): RoomMoves | Promise<RoomMoves> {
  const { userId, since } = request;
  const hasMoved = since === undefined || stores.tracker.memberships.hasChanged(userId, since);
  return hasMoved ? findMoves(request, upTo, ignored, stores) : NO_MOVES;
}

async function findMoves(
  { userId, since, filter }: SyncRequest,
  upTo: number,
  ignored: ReadonlySet<string>,
  stores: MoveStores,
): Promise<RoomMoves> {
  const memberships = (await stores.members.ofUser(userId)).filter(
    ({ roomId, position, isForgotten }) =>
      // A device that has not heard of the leave is told of it, even if another has forgotten the room by now.
      position > (since ?? 0) &&
      position <= upTo &&
      !(isForgotten && since === undefined) &&
      filter.rooms.passes(roomId),
  );
  const newlyJoined: RoomMembership[] = [];
  for (const membership of memberships) {
    if (membership.membership === 'join' && !(await wasJoined(membership, userId, since, upTo, stores)))
      newlyJoined.push(membership);
  }
  const tellsLeft = since !== undefined || filter.includeLeave;
  const vanished = since === undefined ? [] : await stores.deltas.vanishedMemberships(userId, since, upTo);
  const left = [
    ...memberships.filter(({ membership }) => membership === 'leave' || membership === 'ban'),
    ...vanished.filter(({ roomId }) => filter.rooms.passes(roomId)).map((room) => ({ ...room, eventNid: undefined })),
  ];
  return {
    newlyJoined,
    invited: memberships.filter(({ membership, sender }) => membership === 'invite' && !ignored.has(sender)),
    knocked: memberships.filter(({ membership }) => membership === 'knock'),
    left: tellsLeft ? left : [],
  };
}

/** Whether the user was joined at the token and has stayed so: then only their profile changed. */
async function wasJoined(
  { roomNid }: RoomMembership,
  userId: UserId,
  since: number | undefined,
  upTo: number,
  { deltas, events }: MoveStores,
): Promise<boolean> {
  if (since === undefined) return false;
  const own = (await deltas.between(roomNid, since, upTo)).find(
    (delta) => delta.type === 'm.room.member' && delta.stateKey === userId,
  );
  if (own?.previousNid === undefined) return own === undefined;
  return membershipOf((await events.byNid(own.previousNid)).content) === 'join';
}
