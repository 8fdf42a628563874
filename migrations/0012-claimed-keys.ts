import type { Migration } from '#platform/storage/ports.ts';

/** Claimed one-time keys are remembered for a while, so that a repeated upload does not offer them again. */
export const claimedKeys: Migration = {
  name: '0012-claimed-keys',
  up: ({ bigint }) => [
    `alter table one_time_keys add column claimed_ts ${bigint}`,
    'drop index one_time_keys_by_order',
    'create index one_time_keys_by_order on one_time_keys (user_id, device_id, algorithm, upload_order) ' +
      'where claimed_ts is null',
  ],
};
