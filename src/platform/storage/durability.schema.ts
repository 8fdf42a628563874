import type { Migration } from './ports.ts';

/** What durability.program.ts fills: each batch is the four rows of one id. */
export const batches: Migration = {
  name: '0001-batches',
  up: ({ bigint, clustered }) => [
    `CREATE TABLE batches (
  id ${bigint} NOT NULL,
  part INTEGER NOT NULL,
  filling TEXT NOT NULL,
  PRIMARY KEY (id, part)
) ${clustered}`,
  ],
};
