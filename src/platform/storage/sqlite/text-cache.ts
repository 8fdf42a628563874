import type { SqliteDatabase, SqliteStatement } from '#platform/runtime/sqlite.ts';
import type { Step } from '../writer/decode-group.ts';

/** The writer's prepared statements, by the number of their text. */
export class TextCache {
  readonly #database: SqliteDatabase;
  readonly #control = new Map<string, SqliteStatement>();
  readonly #prepared: (SqliteStatement | undefined)[] = [];

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  /** Runs `use` with the step's statement. It is prepared only now, since a step before it may have made its table. */
  with<T>({ number, sql }: Step, use: (statement: SqliteStatement) => T): T {
    if (number === undefined) {
      const statement = this.#database.prepare(sql);
      try {
        return use(statement);
      } finally {
        statement.finalize();
      }
    }
    let statement = this.#prepared[number];
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#prepared[number] = statement;
    }
    return use(statement);
  }

  /** Runs `BEGIN`, `COMMIT` and their like. */
  execute(sql: string): void {
    let statement = this.#control.get(sql);
    if (statement === undefined) {
      statement = this.#database.prepare(sql);
      this.#control.set(sql, statement);
    }
    statement.run([]);
  }

  clear(): void {
    for (const statement of this.#control.values()) statement.finalize();
    this.#control.clear();
    for (const statement of this.#prepared.splice(0)) statement?.finalize();
  }
}
