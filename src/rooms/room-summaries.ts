import type { ByteCache } from '#platform/cache/index.ts';
import type { Reader } from '#platform/storage/ports.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { CurrentStateChange, EventHook } from './draft.ts';
import { selectCounts, selectFormer, selectPresent } from './membership-store.ts';

/** Who a room is made of, in short. */
export interface RoomSummary {
  readonly joinedCount: number;
  readonly invitedCount: number;
  /** The first users joined or invited, as many as anybody's heroes can need. */
  readonly firstMembers: readonly UserId[];
  /** The first users who are in the room no more, for rooms with nobody else. */
  readonly firstFormerMembers: readonly UserId[];
}

/** Five heroes, and the reader who is none of their own. */
const FIRST = 6;

/** Summaries of rooms, kept until a member event changes them. */
export class RoomSummaries implements EventHook {
  constructor(
    private readonly reader: Reader,
    private readonly cache: ByteCache<number, RoomSummary>,
  ) {}

  async of(roomNid: number): Promise<RoomSummary> {
    const known = this.cache.get(roomNid);
    if (known !== undefined) return known;
    const byMembership = new Map(
      (await this.reader.all(selectCounts(roomNid))).map((row) => [row.membership, Number(row.count)]),
    );
    const summary: RoomSummary = {
      joinedCount: byMembership.get('join') ?? 0,
      invitedCount: byMembership.get('invite') ?? 0,
      firstMembers: (await this.reader.all(selectPresent(roomNid, FIRST))).map((row) => row.user_id as UserId),
      firstFormerMembers: (await this.reader.all(selectFormer(roomNid, FIRST))).map((row) => row.user_id as UserId),
    };
    this.cache.set(roomNid, summary, 1500);
    return summary;
  }

  stateChanged(changes: readonly CurrentStateChange[]): void {
    for (const { type, room } of changes) if (type === 'm.room.member') this.cache.delete(room.nid);
  }
}

/** The heroes of a room for one reader. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3sync */
export function heroesFor(summary: RoomSummary, reader: UserId): UserId[] {
  const others = summary.firstMembers.filter((userId) => userId !== reader);
  return (others.length > 0 ? others : summary.firstFormerMembers.filter((userId) => userId !== reader)).slice(0, 5);
}
