import type { Migration } from '#platform/storage/ports.ts';

/** Users, devices, sessions and their tokens, user-interactive authentication, registration, login and OpenID tokens. */
export const accounts: Migration = {
  name: '0001-accounts',
  up: ({ bigint, bigintPrimaryKey, bytes, clustered }) => [
    `create table users (
      user_id text not null primary key,
      folded_localpart text not null,
      password_hash text,
      user_type text,
      appservice_id text,
      consent_version text,
      consent_ts ${bigint},
      created_ts ${bigint} not null,
      is_admin smallint not null default 0,
      is_guest smallint not null default 0,
      is_deactivated smallint not null default 0,
      is_erased smallint not null default 0,
      is_locked smallint not null default 0,
      is_suspended smallint not null default 0,
      is_shadow_banned smallint not null default 0,
      is_approved smallint not null default 1
    ) ${clustered}`,
    // Logging in forgives the wrong case where that leaves one user.
    'create index users_by_localpart on users (folded_localpart)',
    'create index users_by_creation on users (created_ts)',
    // Deactivated users who have yet to be taken out of their rooms.
    `create table user_departures (
      user_id text not null primary key,
      is_erased smallint not null
    ) ${clustered}`,
    `create table devices (
      user_id text not null,
      device_id text not null,
      display_name text,
      created_ts ${bigint} not null,
      last_seen_ts ${bigint},
      last_seen_ip text,
      last_seen_user_agent text,
      is_hidden smallint not null default 0,
      primary key (user_id, device_id)
    ) ${clustered}`,
    'create index devices_by_last_seen on devices (last_seen_ts)',
    `create table device_connections (
      user_id text not null,
      device_id text not null,
      ip text not null,
      user_agent text not null,
      last_seen_ts ${bigint} not null,
      primary key (user_id, device_id, ip, user_agent)
    ) ${clustered}`,
    'create index device_connections_by_last_seen on device_connections (last_seen_ts)',
    `create table sessions (
      session_id ${bigintPrimaryKey},
      user_id text not null,
      device_id text,
      created_ts ${bigint} not null,
      authenticated_ts ${bigint} not null,
      expires_ts ${bigint},
      puppeted_by text
    )`,
    'create index sessions_by_user on sessions (user_id, device_id)',
    `create table access_tokens (
      token_hash ${bytes} not null primary key,
      session_id ${bigint} not null,
      refreshed_from ${bytes},
      is_used smallint not null,
      created_ts ${bigint} not null,
      expires_ts ${bigint}
    ) ${clustered}`,
    'create index access_tokens_by_session on access_tokens (session_id)',
    `create table refresh_tokens (
      token_hash ${bytes} not null primary key,
      session_id ${bigint} not null,
      refreshed_from ${bytes},
      created_ts ${bigint} not null,
      expires_ts ${bigint}
    ) ${clustered}`,
    'create index refresh_tokens_by_session on refresh_tokens (session_id)',
    `create table uia_sessions (
      session_id text not null primary key,
      method text not null,
      path text not null,
      user_id text,
      body text not null,
      secret text,
      outcome text,
      created_ts ${bigint} not null
    ) ${clustered}`,
    'create index uia_sessions_by_creation on uia_sessions (created_ts)',
    `create table uia_stages (
      session_id text not null,
      stage text not null,
      result text not null,
      primary key (session_id, stage)
    ) ${clustered}`,
    `create table registration_tokens (
      token text not null primary key,
      uses_allowed integer,
      pending integer not null default 0,
      completed integer not null default 0,
      expires_ts ${bigint}
    ) ${clustered}`,
    `create table login_tokens (
      token_hash ${bytes} not null primary key,
      user_id text not null,
      expires_ts ${bigint} not null
    ) ${clustered}`,
    'create index login_tokens_by_expiry on login_tokens (expires_ts)',
    `create table openid_tokens (
      token_hash ${bytes} not null primary key,
      user_id text not null,
      expires_ts ${bigint} not null
    ) ${clustered}`,
    'create index openid_tokens_by_expiry on openid_tokens (expires_ts)',
  ],
};
