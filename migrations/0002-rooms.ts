import type { Migration } from '#platform/storage/ports.ts';

/** Events, state trees, extremities, memberships: the room engine. */
export const rooms: Migration = {
  name: '0002-rooms',
  up: ({ bigint, bigintPrimaryKey, bytes, clustered }) => [
    `create table rooms (
      room_nid ${bigintPrimaryKey},
      room_id text not null unique,
      version text not null,
      current_root ${bytes}
    )`,
    `create table events (
      event_nid ${bigintPrimaryKey},
      event_id text not null unique,
      room_nid ${bigint} not null,
      position ${bigint},
      depth ${bigint} not null,
      type text not null,
      state_key text,
      sender text not null,
      origin_server_ts ${bigint} not null,
      status smallint not null,
      state_before ${bytes},
      state_after ${bytes},
      redacted_by text,
      content text not null,
      rest text not null,
      unsigned text
    )`,
    // Sync reads a room by position, /messages by depth.
    'create index events_by_position on events (room_nid, position)',
    'create index events_by_depth on events (room_nid, depth, position)',
    `create table redactions (
      event_nid ${bigintPrimaryKey},
      room_nid ${bigint} not null,
      redacts text not null
    )`,
    'create index redactions_by_target on redactions (redacts)',
    `create table forward_extremities (
      room_nid ${bigint} not null,
      event_nid ${bigint} not null,
      primary key (room_nid, event_nid)
    )${clustered}`,
    `create table backward_extremities (
      room_nid ${bigint} not null,
      event_id text not null,
      primary key (room_nid, event_id)
    )${clustered}`,
    `create table state_keys (
      state_key_nid ${bigintPrimaryKey},
      type text not null,
      state_key text not null,
      unique (type, state_key)
    )`,
    `create table state_nodes (
      room_nid ${bigint} not null,
      hash ${bytes} not null,
      body ${bytes} not null,
      primary key (room_nid, hash)
    )${clustered}`,
    `create table state_deltas (
      position ${bigintPrimaryKey},
      room_nid ${bigint} not null,
      state_key_nid ${bigint} not null,
      type text not null,
      state_key text not null,
      event_nid ${bigint},
      previous_event_nid ${bigint}
    )`,
    'create index state_deltas_by_room on state_deltas (room_nid, position)',
    `create table memberships (
      room_nid ${bigint} not null,
      user_id text not null,
      membership text not null,
      sender text not null,
      event_nid ${bigint} not null,
      position ${bigint} not null,
      display_name text,
      avatar_url text,
      is_local smallint not null,
      is_forgotten smallint not null default 0,
      stripped_state text,
      primary key (room_nid, user_id)
    )${clustered}`,
    'create index memberships_by_user on memberships (user_id, membership)',
  ],
};
