import type { Static } from '@sinclair/typebox';
import type { summaryFields } from '#api/client/room-summary.ts';
import type { PublicRoomsChunkSchema } from '#api/schemas.ts';
import type { RoomSummary } from './tables.ts';

export type PublicRoomsChunk = Static<typeof PublicRoomsChunkSchema>;
type SummaryFields = { readonly [Key in keyof typeof summaryFields]?: Static<(typeof summaryFields)[Key]> };

/** A room as the directory lists it. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3publicrooms */
export function publicRoomsChunk(summary: RoomSummary): PublicRoomsChunk {
  const { name, topic, avatarUrl, canonicalAlias, roomType } = summary;
  return {
    room_id: summary.roomId,
    num_joined_members: summary.joinedCount,
    world_readable: summary.isWorldReadable,
    guest_can_join: summary.guestsCanJoin,
    join_rule: summary.joinRule,
    ...(name === undefined ? {} : { name }),
    ...(topic === undefined ? {} : { topic }),
    ...(avatarUrl === undefined ? {} : { avatar_url: avatarUrl }),
    ...(canonicalAlias === undefined ? {} : { canonical_alias: canonicalAlias }),
    ...(roomType === undefined ? {} : { room_type: roomType }),
  };
}

/** A room as its summary and the space hierarchy show it: that, and what a client needs to know before joining. */
export function roomSummaryJson(summary: RoomSummary): PublicRoomsChunk & SummaryFields {
  const { allowedRoomIds, encryption } = summary;
  return {
    ...publicRoomsChunk(summary),
    room_version: summary.version,
    ...(encryption === undefined ? {} : { encryption }),
    ...(allowedRoomIds.length === 0 ? {} : { allowed_room_ids: [...allowedRoomIds] }),
  };
}
