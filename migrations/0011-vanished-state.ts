import type { Migration } from '#platform/storage/ports.ts';

/** Entries that state resolution took away: few, and looked for by their state key, by whoever was a member. */
export const vanishedState: Migration = {
  name: '0011-vanished-state',
  up: () => ['create index state_deltas_vanished on state_deltas (state_key, position) where event_nid is null'],
};
