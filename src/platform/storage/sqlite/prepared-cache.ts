import type { SqliteDatabase, SqliteStatement } from '#platform/runtime/sqlite.ts';

/** Prepared statements kept by their text; the least recently used goes first. */
const MAX_PREPARED = 512;

/** The prepared statements of a read connection. */
export class PreparedCache {
  readonly #database: SqliteDatabase;
  readonly #byText = new Map<string, SqliteStatement>();

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  get(sql: string): SqliteStatement {
    const known = this.#byText.get(sql);
    if (known !== undefined) {
      // Order matters only once something must go.
      if (this.#byText.size >= MAX_PREPARED) {
        this.#byText.delete(sql);
        this.#byText.set(sql, known);
      }
      return known;
    }
    const made = this.#database.prepare(sql);
    this.#byText.set(sql, made);
    if (this.#byText.size > MAX_PREPARED) this.#dropOldest();
    return made;
  }

  clear(): void {
    for (const statement of this.#byText.values()) statement.finalize();
    this.#byText.clear();
  }

  #dropOldest(): void {
    const oldest = this.#byText.entries().next().value;
    if (oldest === undefined) return;
    this.#byText.delete(oldest[0]);
    oldest[1].finalize();
  }
}
