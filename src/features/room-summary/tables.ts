import type { RoomId } from '#protocol/identifiers/index.ts';

/**
 * `room_summaries`: what is told of a room to those outside, kept with every state event. The user directory's queries also
 * read `join_rule` and `history_visibility` from it.
 */
export interface RoomSummaryRow {
  readonly room_nid: number;
  readonly name: string | null;
  readonly topic: string | null;
  readonly canonical_alias: string | null;
  readonly avatar_url: string | null;
  readonly joined_count: number;
  readonly join_rule: string | null;
  /** JSON array of the rooms whose members may join, where the join rule is restricted. */
  readonly allowed_room_ids: string | null;
  readonly guest_access: string | null;
  readonly history_visibility: string | null;
  readonly room_type: string | null;
  readonly encryption: string | null;
  /** 0 where the create event keeps other servers out. */
  readonly is_federatable: number;
  readonly is_published: number;
  /** Name, topic and alias in lower case, for searches. */
  readonly search_text: string;
}

/** What the server tells of a room to those outside. */
export interface RoomSummary {
  readonly roomNid: number;
  readonly roomId: RoomId;
  readonly version: string;
  readonly name: string | undefined;
  readonly topic: string | undefined;
  readonly canonicalAlias: string | undefined;
  readonly avatarUrl: string | undefined;
  readonly joinedCount: number;
  readonly joinRule: string;
  readonly allowedRoomIds: readonly RoomId[];
  readonly guestsCanJoin: boolean;
  readonly isWorldReadable: boolean;
  readonly roomType: string | undefined;
  readonly encryption: string | undefined;
  /** Whether it is in the server's room directory. */
  readonly isPublished: boolean;
}

export type SummaryRow = RoomSummaryRow & { readonly room_id: string; readonly version: string };

export function toRoomSummary(row: SummaryRow): RoomSummary {
  return {
    roomNid: row.room_nid,
    roomId: row.room_id as RoomId,
    version: row.version,
    name: row.name ?? undefined,
    topic: row.topic ?? undefined,
    canonicalAlias: row.canonical_alias ?? undefined,
    avatarUrl: row.avatar_url ?? undefined,
    joinedCount: row.joined_count,
    // What the auth rules take for a room without the event.
    joinRule: row.join_rule ?? 'invite',
    allowedRoomIds: row.allowed_room_ids === null ? [] : (JSON.parse(row.allowed_room_ids) as RoomId[]),
    guestsCanJoin: row.guest_access === 'can_join',
    isWorldReadable: row.history_visibility === 'world_readable',
    roomType: row.room_type ?? undefined,
    encryption: row.encryption ?? undefined,
    isPublished: row.is_published === 1,
  };
}
