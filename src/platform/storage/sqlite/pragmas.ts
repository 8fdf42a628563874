import type { SqliteDatabase } from '#platform/runtime/sqlite.ts';

/** Another process (a backup, a shell) may hold the write lock for this long before writing fails. */
const BUSY_TIMEOUT_MS = 10_000;
/** A write-ahead log that has grown beyond this is cut back to it when it starts anew. */
const JOURNAL_SIZE_LIMIT_BYTES = 64 * 1024 * 1024;

/** Settings of the one connection that writes: a commit has been fsynced when it returns. */
export function configureWriter(database: SqliteDatabase, cacheBytes: number): void {
  database.execute(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  // Takes effect in a new database only: lets freed pages be given back to the file system.
  database.execute('PRAGMA auto_vacuum = INCREMENTAL');
  database.execute('PRAGMA journal_mode = WAL');
  database.execute('PRAGMA synchronous = FULL');
  database.execute('PRAGMA foreign_keys = ON');
  // Checkpoints are made between groups, after the answer: see housekeeping.
  database.execute('PRAGMA wal_autocheckpoint = 0');
  database.execute(`PRAGMA journal_size_limit = ${JOURNAL_SIZE_LIMIT_BYTES}`);
  configureEvery(database, cacheBytes);
}

/** Settings of a connection that only reads. */
export function configureReader(database: SqliteDatabase, cacheBytes: number): void {
  database.execute(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
  database.execute('PRAGMA query_only = ON');
  configureEvery(database, cacheBytes);
}

function configureEvery(database: SqliteDatabase, cacheBytes: number): void {
  database.execute(`PRAGMA cache_size = -${Math.ceil(cacheBytes / 1024)}`);
  database.execute('PRAGMA temp_store = MEMORY');
  // As in PostgreSQL.
  database.execute('PRAGMA case_sensitive_like = ON');
}
