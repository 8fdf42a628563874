import type { Migration } from '#platform/storage/ports.ts';

/** How events relate to each other, and the threads of rooms. */
export const relations: Migration = {
  name: '0007-relations',
  up: ({ bigint, bigintPrimaryKey, clustered }) => [
    `create table relations (
      event_nid ${bigintPrimaryKey},
      room_nid ${bigint} not null,
      parent_id text not null,
      rel_type text not null,
      annotation_key text,
      type text not null,
      sender text not null,
      depth ${bigint} not null,
      position ${bigint} not null
    )`,
    // Anybody may name any event as a parent, so a parent's relations are always asked for with their room.
    'create index relations_by_parent on relations (room_nid, parent_id, rel_type, depth, position)',
    'create index relations_by_sender on relations (room_nid, parent_id, rel_type, sender)',
    `create table threads (
      room_nid ${bigint} not null,
      root_id text not null,
      reply_count ${bigint} not null,
      latest_depth ${bigint} not null,
      latest_position ${bigint} not null,
      primary key (room_nid, root_id)
    )${clustered}`,
    'create index threads_by_activity on threads (room_nid, latest_depth, latest_position)',
  ],
};
