import type { SqliteDatabase } from '#platform/runtime/sqlite.ts';

/** The log is looked at once in this many groups. */
const EVERY_GROUPS = 8;
/** Pages in the write-ahead log from which they are copied to the database. */
const CHECKPOINT_PAGES = 2000;
/** Pages from which a checkpoint waits for readers, so that the log can start anew. */
const RESTART_PAGES = 50_000;
/** Free pages kept for growth; what is beyond goes back to the file system, some at a time. */
const FREE_PAGES = 2048;
const FREED_AT_A_TIME = 256;

/**
 * The upkeep of a database's files, called after each group has been answered: checkpoints, and giving freed pages back.
 * Neither delays an answer, only the group after it.
 */
export function keepTidy(database: SqliteDatabase): () => void {
  const logState = database.prepare('PRAGMA wal_checkpoint(NOOP)');
  const freePages = database.prepare('PRAGMA freelist_count');
  let groups = 0;
  let copiedPages = 0;
  return () => {
    if (++groups % EVERY_GROUPS !== 0) return;
    const pages = Number(logState.first([])?.log ?? 0);
    // After a checkpoint the log keeps its length until the next write starts it anew.
    if (pages < copiedPages) copiedPages = 0;
    if (pages - copiedPages < CHECKPOINT_PAGES) return;
    database.execute(`PRAGMA wal_checkpoint(${pages > RESTART_PAGES ? 'RESTART' : 'PASSIVE'})`);
    copiedPages = pages;
    const free = Number(freePages.first([])?.freelist_count ?? 0);
    if (free > FREE_PAGES) database.execute(`PRAGMA incremental_vacuum(${FREED_AT_A_TIME})`);
  };
}
