import type { ByteCache } from '#platform/cache/index.ts';
import { statement } from '#platform/storage/index.ts';
import type { Reader } from '#platform/storage/ports.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { CurrentStateChange, EventHook } from './draft.ts';

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

const counts = statement<{ membership: string; count: number }>(
  'select membership, count(*) as count from memberships where room_nid = ? group by membership',
);
const present = statement<{ user_id: string }>(
  "select user_id from memberships where room_nid = ? and membership in ('join', 'invite') order by event_nid limit ?",
);
const former = statement<{ user_id: string }>(
  "select user_id from memberships where room_nid = ? and membership in ('leave', 'ban') order by event_nid limit ?",
);

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
      (await this.reader.all(counts(roomNid))).map((row) => [row.membership, Number(row.count)]),
    );
    const summary: RoomSummary = {
      joinedCount: byMembership.get('join') ?? 0,
      invitedCount: byMembership.get('invite') ?? 0,
      firstMembers: (await this.reader.all(present(roomNid, FIRST))).map((row) => row.user_id as UserId),
      firstFormerMembers: (await this.reader.all(former(roomNid, FIRST))).map((row) => row.user_id as UserId),
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
