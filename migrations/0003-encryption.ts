import type { Migration } from '#platform/storage/ports.ts';

/** End-to-end encryption: device and cross-signing keys, signatures, key backups, to-device inboxes, device lists. */
export const encryption: Migration = {
  name: '0003-encryption',
  up: ({ bigint, clustered }) => [
    `create table device_keys (
      user_id text not null,
      device_id text not null,
      key_json text not null,
      primary key (user_id, device_id)
    )`,
    `create table one_time_keys (
      user_id text not null,
      device_id text not null,
      algorithm text not null,
      key_id text not null,
      upload_order ${bigint} not null,
      key_json text not null,
      primary key (user_id, device_id, algorithm, key_id)
    )${clustered}`,
    // Claimed in the order of upload.
    'create index one_time_keys_by_order on one_time_keys (user_id, device_id, algorithm, upload_order)',
    `create table fallback_keys (
      user_id text not null,
      device_id text not null,
      algorithm text not null,
      key_id text not null,
      key_json text not null,
      is_used smallint not null,
      primary key (user_id, device_id, algorithm)
    )${clustered}`,
    `create table cross_signing_keys (
      user_id text not null,
      usage text not null,
      public_key text not null,
      key_json text not null,
      primary key (user_id, usage)
    )`,
    `create table cross_signing_resets (
      user_id text not null primary key,
      allowed_until_ts ${bigint} not null
    )`,
    `create table key_signatures (
      user_id text not null,
      key_name text not null,
      signer_id text not null,
      signer_key text not null,
      signature text not null,
      primary key (user_id, key_name, signer_id, signer_key)
    )${clustered}`,
    'create index key_signatures_by_signer on key_signatures (signer_id, signer_key)',
    `create table key_backups (
      user_id text not null,
      version ${bigint} not null,
      algorithm text not null,
      auth_data text not null,
      etag ${bigint} not null,
      key_count ${bigint} not null,
      is_deleted smallint not null,
      primary key (user_id, version)
    )`,
    `create table key_backup_sessions (
      user_id text not null,
      version ${bigint} not null,
      room_id text not null,
      session_id text not null,
      first_message_index ${bigint} not null,
      forwarded_count ${bigint} not null,
      is_verified smallint not null,
      session_data text not null,
      primary key (user_id, version, room_id, session_id)
    )`,
    `create table to_device_messages (
      user_id text not null,
      device_id text not null,
      position ${bigint} not null,
      message text not null,
      primary key (user_id, device_id, position)
    )`,
    `create table to_device_transactions (
      user_id text not null,
      device_id text not null,
      event_type text not null,
      txn_id text not null,
      created_ts ${bigint} not null,
      primary key (user_id, device_id, event_type, txn_id)
    )${clustered}`,
    'create index to_device_transactions_by_age on to_device_transactions (created_ts)',
    `create table device_list_changes (
      user_id text not null,
      visible_to text not null,
      position ${bigint} not null,
      primary key (user_id, visible_to)
    )${clustered}`,
    'create index device_list_changes_by_position on device_list_changes (visible_to, position)',
    `create table dehydrated_devices (
      user_id text not null primary key,
      device_id text not null,
      device_data text not null
    )`,
  ],
};
