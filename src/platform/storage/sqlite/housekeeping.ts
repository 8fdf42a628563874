import type { SqliteDatabase, SqliteStatement } from '#platform/runtime/sqlite.ts';

/** The log is looked at once in this many groups. */
const EVERY_GROUPS = 8;
/** Pages in the write-ahead log from which they are copied to the database: many are in it again and again, and are copied once. */
const CHECKPOINT_PAGES = 8000;
/** Pages from which a checkpoint waits for readers, so that the log can start anew. */
const RESTART_PAGES = 50_000;
/** Free pages kept for growth; of what is beyond, this many at a time go back to the file system. */
const FREE_PAGES = 2048;
const FREED_AT_A_TIME = 512;

/**
 * The upkeep of a database's files, run after each group has been answered: checkpoints, and giving freed pages back.
 * Neither delays an answer, only the group after it.
 */
export class Housekeeping {
  readonly #database: SqliteDatabase;
  readonly #logState: SqliteStatement;
  readonly #freePages: SqliteStatement;
  #groups = 0;
  #copiedPages = 0;

  constructor(database: SqliteDatabase) {
    this.#database = database;
    this.#logState = database.prepare('PRAGMA wal_checkpoint(NOOP)');
    this.#freePages = database.prepare('PRAGMA freelist_count');
  }

  run(): void {
    if (++this.#groups % EVERY_GROUPS !== 0) return;
    const free = Number(this.#freePages.first([])?.freelist_count ?? 0);
    if (free > FREE_PAGES) this.#database.execute(`PRAGMA incremental_vacuum(${FREED_AT_A_TIME})`);
    this.#checkpoint();
  }

  close(): void {
    this.#logState.finalize();
    this.#freePages.finalize();
  }

  #checkpoint(): void {
    const pages = Number(this.#logState.first([])?.log ?? 0);
    // After a checkpoint the log keeps its length until the next write starts it anew.
    if (pages < this.#copiedPages) this.#copiedPages = 0;
    if (pages - this.#copiedPages < CHECKPOINT_PAGES) return;
    this.#database.execute(`PRAGMA wal_checkpoint(${pages > RESTART_PAGES ? 'RESTART' : 'PASSIVE'})`);
    this.#copiedPages = pages;
  }
}
