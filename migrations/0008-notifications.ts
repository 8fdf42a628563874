import type { Migration } from '#platform/storage/ports.ts';

/** Push rules, pushers, whom events notified, how far users have read, receipts, presence. */
export const notifications: Migration = {
  name: '0008-notifications',
  up: ({ bigint, bigintPrimaryKey, clustered }) => [
    `create table push_rules (
      user_id text not null,
      kind text not null,
      rule_id text not null,
      place ${bigint} not null,
      enabled smallint not null,
      actions text not null,
      conditions text not null,
      pattern text,
      primary key (user_id, kind, rule_id)
    )${clustered}`,
    `create table push_rule_changes (
      user_id text not null,
      kind text not null,
      rule_id text not null,
      enabled smallint,
      actions text,
      primary key (user_id, kind, rule_id)
    )${clustered}`,
    `create table push_rule_positions (
      user_id text primary key,
      position ${bigint} not null
    )${clustered}`,
    `create table pushers (
      pusher_id ${bigintPrimaryKey},
      user_id text not null,
      app_id text not null,
      pushkey text not null,
      kind text not null,
      app_display_name text not null,
      device_display_name text not null,
      profile_tag text,
      lang text not null,
      data text not null,
      enabled smallint not null,
      device_id text,
      session_id ${bigint},
      created_ts ${bigint} not null,
      unique (app_id, pushkey, user_id)
    )`,
    'create index pushers_by_user on pushers (user_id)',
    // One row an event that notified somebody, however many: who, is in its audience. docs/decisions/0003.
    `create table notified_events (
      room_nid ${bigint} not null,
      position ${bigint} not null,
      event_nid ${bigint} not null,
      sender text not null,
      thread text not null,
      audience_nid ${bigint} not null,
      highlight smallint not null,
      primary key (room_nid, position)
    )${clustered}`,
    'create index notified_events_with_highlight on notified_events (room_nid, position) where highlight = 1',
    `create table notified_audiences (
      audience_nid ${bigintPrimaryKey},
      room_nid ${bigint} not null,
      hash text not null,
      content text not null
    )`,
    'create index notified_audiences_by_hash on notified_audiences (room_nid, hash)',
    // Users notified each for a reason of their own: mentions, keywords, invites.
    `create table notified_users (
      user_id text not null,
      room_nid ${bigint} not null,
      position ${bigint} not null,
      event_nid ${bigint} not null,
      thread text not null,
      audience_nid ${bigint},
      highlight smallint not null,
      actions text not null,
      primary key (user_id, room_nid, position)
    )${clustered}`,
    'create index notified_users_by_event on notified_users (room_nid, position)',
    'create index notified_users_by_position on notified_users (user_id, position)',
    `create table read_marks (
      user_id text not null,
      room_nid ${bigint} not null,
      thread text not null,
      position ${bigint} not null,
      primary key (user_id, room_nid, thread)
    )${clustered}`,
    `create table receipts (
      room_nid ${bigint} not null,
      user_id text not null,
      receipt_type text not null,
      thread_id text not null,
      event_id text not null,
      event_position ${bigint} not null,
      ts ${bigint} not null,
      position ${bigint} not null,
      primary key (room_nid, user_id, receipt_type, thread_id)
    )${clustered}`,
    'create index receipts_by_position on receipts (room_nid, position)',
    `create table presence (
      user_id text primary key,
      presence text not null,
      status_msg text,
      last_active_ts ${bigint} not null
    )${clustered}`,
  ],
};
