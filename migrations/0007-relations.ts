import type { Migration } from '#platform/storage/ports.ts';

/** How events relate to each other, and the threads of rooms. */
export const relations: Migration = {
  name: '0007-relations',
  up: ({ bigint, bigintPrimaryKey }) => [
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
    'create index relations_by_parent on relations (parent_id, rel_type, depth, position)',
    `create table threads (
      root_id text primary key,
      room_nid ${bigint} not null,
      latest_position ${bigint} not null
    )`,
    'create index threads_by_room on threads (room_nid, latest_position)',
  ],
};
