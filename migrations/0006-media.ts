import type { Migration } from '#platform/storage/ports.ts';

/** Uploaded media, their thumbnails, and what is quarantined. The bytes stand in files. */
export const media: Migration = {
  name: '0006-media',
  up: ({ bigint, bigintPrimaryKey, clustered }) => [
    `create table media (
      media_id text not null primary key,
      file_id text not null unique,
      user_id text not null,
      state text not null,
      type text,
      size ${bigint},
      upload_name text,
      sha256 text,
      created_ts ${bigint} not null,
      expires_ts ${bigint},
      last_access_ts ${bigint} not null,
      authenticated smallint not null,
      quarantined_by text,
      is_protected smallint not null default 0
    )`,
    'create index media_by_user on media (user_id, created_ts, media_id)',
    'create index media_by_hash on media (sha256)',
    // Retention looks for what nobody has asked for in a long time.
    'create index media_by_access on media (last_access_ts)',
    "create index media_pending on media (expires_ts) where state = 'pending'",
    `create table media_thumbnails (
      file_id text not null,
      width ${bigint} not null,
      height ${bigint} not null,
      method text not null,
      animated smallint not null,
      type text not null,
      size ${bigint} not null,
      primary key (file_id, width, height, method, animated)
    )${clustered}`,
    `create table media_quarantined_hashes (
      sha256 text not null primary key,
      quarantined_by text not null,
      created_ts ${bigint} not null
    )`,
    `create table media_quarantine_changes (
      change_id ${bigintPrimaryKey},
      origin text,
      media_id text not null,
      is_quarantined smallint not null,
      created_ts ${bigint} not null
    )`,
  ],
};
