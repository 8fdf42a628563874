/** All steps of the database's schema, oldest first. Append-only: a step that has been released never changes. See README.md. */
import type { Migration } from '#platform/storage/ports.ts';

export const migrations: readonly Migration[] = [];

/** The lowest number of steps that a server must know to use a database that has them all. */
export const lowestCompatible = 0;
