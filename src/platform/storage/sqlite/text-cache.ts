import type { SqliteDatabase, SqliteStatement } from '#platform/runtime/sqlite.ts';
import { NEW_TEXT, ONE_OFF_TEXT } from './messages.ts';

/** The writer's prepared statements, by the number that the main thread gave their text. */
export class TextCache {
  readonly #database: SqliteDatabase;
  readonly #texts: string[] = [];
  readonly #control = new Map<string, SqliteStatement>();
  readonly #prepared: (SqliteStatement | undefined)[] = [];

  constructor(database: SqliteDatabase) {
    this.#database = database;
  }

  /** The number to use for a text as it was sent: `NEW_TEXT` takes the next number. */
  number(sent: number, text: string): number {
    return sent === NEW_TEXT ? this.#texts.push(text) - 1 : sent;
  }

  /** Runs `use` with the statement. It is prepared only now, since a statement before it may have made its table. */
  with<T>(number: number, text: string, use: (statement: SqliteStatement) => T): T {
    if (number === ONE_OFF_TEXT) {
      const statement = this.#database.prepare(text);
      try {
        return use(statement);
      } finally {
        statement.finalize();
      }
    }
    let statement = this.#prepared[number];
    if (statement === undefined) {
      statement = this.#database.prepare(this.#texts[number]!);
      this.#prepared[number] = statement;
    }
    return use(statement);
  }

  text(number: number): string {
    return this.#texts[number] ?? '';
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
