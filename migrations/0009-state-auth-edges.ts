import type { Migration } from '#platform/storage/ports.ts';

/** What state resolution reads of the auth graph: how far up in it a state event is, and which state events cite it. */
export const stateAuthEdges: Migration = {
  name: '0009-state-auth-edges',
  up: ({ bigint, clustered }) => [
    `alter table events add column auth_rank ${bigint}`,
    `create table state_auth_edges (
      auth_nid ${bigint} not null,
      event_nid ${bigint} not null,
      primary key (auth_nid, event_nid)
    )${clustered}`,
  ],
};
