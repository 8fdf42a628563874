import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import { roomVersionRules } from '#protocol/room-versions/index.ts';
import type { JoinedRooms, MembershipStore } from '#rooms/index.ts';
import type { RoomSummaryStore } from './room-summary-store.ts';
import { roomSummaryJson } from './summary-json.ts';
import type { RoomSummary } from './tables.ts';

export interface RoomPreviewsDeps {
  readonly store: RoomSummaryStore;
  readonly members: MembershipStore;
  readonly joined: JoinedRooms;
}

/** A room as shown to somebody who may see it from outside. */
export interface RoomPreview {
  readonly summary: RoomSummary;
  /** Theirs; `undefined` for nobody, or somebody who has never had to do with the room. */
  readonly membership: string | undefined;
}

/** A room as the space hierarchy lists it. */
export interface DescribedRoom {
  readonly roomNid: number;
  readonly roomType: string | undefined;
  readonly json: ReturnType<typeof roomSummaryJson>;
}

/** Which rooms somebody may see from outside, and what of them. */
export class RoomPreviews {
  constructor(private readonly deps: RoomPreviewsDeps) {}

  /** The room, `undefined` where it does not exist for them. `userId` is `undefined` without a login. */
  async find(roomId: RoomId, userId: UserId | undefined): Promise<RoomPreview | undefined> {
    const summary = await this.deps.store.find(roomId);
    return summary === undefined ? undefined : this.#ifVisible(summary, userId);
  }

  /** As `find`, described as clients read it. `userId` is `undefined` for an administrator, who may see every room. */
  async describe(roomId: RoomId, userId: UserId | undefined): Promise<DescribedRoom | undefined> {
    const found =
      userId === undefined ? await this.deps.store.find(roomId) : (await this.find(roomId, userId))?.summary;
    if (found === undefined) return undefined;
    return { roomNid: found.roomNid, roomType: found.roomType, json: roomSummaryJson(found) };
  }

  /** https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv1roomsroomidhierarchy */
  async #ifVisible(summary: RoomSummary, userId: UserId | undefined): Promise<RoomPreview | undefined> {
    if (userId === undefined) {
      return summary.isWorldReadable || isOpen(summary) ? { summary, membership: undefined } : undefined;
    }
    const membership = (await this.deps.members.find(summary.roomNid, userId))?.membership;
    const preview = { summary, membership };
    if (membership === 'join' || membership === 'invite' || summary.isWorldReadable) return preview;
    // Whoever is banned has no permission to join, whatever the join rule.
    if (membership === 'ban') return undefined;
    return isOpen(summary) || (await this.#meetsCondition(summary, userId)) ? preview : undefined;
  }

  async #meetsCondition(summary: RoomSummary, userId: UserId): Promise<boolean> {
    if (!hasConditions(summary)) return false;
    const rooms = await this.deps.joined.of(userId);
    return summary.allowedRoomIds.some((roomId) => rooms.has(roomId));
  }
}

/** Whether anybody may join, or ask to join. A join rule counts only in room versions that know it. */
function isOpen({ joinRule, version }: RoomSummary): boolean {
  const rules = roomVersionRules(version);
  if (joinRule === 'public') return true;
  if (joinRule === 'knock') return rules?.knock === true;
  return joinRule === 'knock_restricted' && rules?.knockRestrictedJoins === true;
}

/** Whether the members of other rooms may join. */
function hasConditions({ joinRule, version }: RoomSummary): boolean {
  const rules = roomVersionRules(version);
  if (joinRule === 'restricted') return rules?.restrictedJoins === true;
  return joinRule === 'knock_restricted' && rules?.knockRestrictedJoins === true;
}
