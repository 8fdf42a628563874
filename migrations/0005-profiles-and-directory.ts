import type { Migration } from '#platform/storage/ports.ts';

/** Profiles, account data, filters, room summaries, aliases, spaces, the user directory, reports. */
export const profilesAndDirectory: Migration = {
  name: '0005-profiles-and-directory',
  up: ({ dialect, bigint, bigintPrimaryKey, clustered }) => {
    // Compared and sorted by bytes on both engines, so that prefixes are ranges.
    const bytewiseText = dialect === 'postgres' ? 'text collate "C"' : 'text';
    return [
      `create table profiles (
        user_id text primary key,
        display_name text,
        avatar_url text,
        fields text not null,
        revision ${bigint} not null
      )`,
      `create table profile_propagations (
        user_id text primary key,
        fields text not null,
        revision ${bigint} not null
      )`,
      `create table account_data (
        user_id text not null,
        room_id text not null,
        type text not null,
        content text not null,
        position ${bigint} not null,
        primary key (user_id, room_id, type)
      )`,
      'create index account_data_by_position on account_data (user_id, position)',
      `create table filters (
        user_id text not null,
        filter_id ${bigint} not null,
        content_hash text not null,
        content text not null,
        primary key (user_id, filter_id),
        unique (user_id, content_hash)
      )`,
      `create table room_summaries (
        room_nid ${bigintPrimaryKey},
        name text,
        topic text,
        canonical_alias text,
        avatar_url text,
        joined_count ${bigint} not null,
        join_rule text,
        allowed_room_ids text,
        guest_access text,
        history_visibility text,
        room_type text,
        encryption text,
        is_federatable smallint not null,
        is_published smallint not null,
        search_text text not null
      )`,
      // The directory reads its pages from here, largest room first.
      'create index room_summaries_published on room_summaries (joined_count, room_nid) where is_published = 1',
      `create table published_networks (
        network text not null,
        room_nid ${bigint} not null,
        primary key (network, room_nid)
      )${clustered}`,
      `create table room_aliases (
        alias text primary key,
        room_nid ${bigint} not null,
        creator text not null,
        created_ts ${bigint} not null
      )`,
      'create index room_aliases_by_room on room_aliases (room_nid)',
      `create table space_children (
        room_nid ${bigint} not null,
        child_room_id text not null,
        event_nid ${bigint} not null,
        sort_order text,
        is_suggested smallint not null,
        content text not null,
        sender text not null,
        origin_server_ts ${bigint} not null,
        primary key (room_nid, child_room_id)
      )`,
      `create table hierarchy_sessions (
        token text primary key,
        user_id text not null,
        room_id text not null,
        is_suggested_only smallint not null,
        max_depth ${bigint} not null,
        walk text not null,
        expires_ts ${bigint} not null
      )`,
      'create index hierarchy_sessions_by_expiry on hierarchy_sessions (expires_ts)',
      `create table directory_users (
        user_id text primary key,
        display_name text,
        avatar_url text,
        name_key text not null,
        localpart_key text not null,
        is_local smallint not null,
        is_deactivated smallint not null,
        is_locked smallint not null,
        is_excluded smallint not null
      )`,
      `create table directory_tokens (
        token ${bytewiseText} not null,
        user_id text not null,
        primary key (token, user_id)
      )${clustered}`,
      'create index directory_tokens_by_user on directory_tokens (user_id)',
      `create table reports (
        report_id ${bigintPrimaryKey},
        kind text not null,
        received_ts ${bigint} not null,
        reporter text not null,
        room_id text,
        event_id text,
        target_user_id text,
        reason text,
        score ${bigint}
      )`,
      'create index reports_by_kind on reports (kind, report_id)',
    ];
  },
};
