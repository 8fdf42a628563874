/** SQLite as the storage engine needs it: synchronous, with positional parameters. The engine's threads each open their own. */
import { Database, SQLiteError, type Statement } from 'bun:sqlite';

export type SqliteValue = string | number | bigint | null | Uint8Array;

export interface SqliteStatement {
  /** Whether it gives rows: a SELECT, or a write with RETURNING. */
  readonly givesRows: boolean;
  all(parameters: readonly SqliteValue[]): Record<string, unknown>[];
  first(parameters: readonly SqliteValue[]): Record<string, unknown> | undefined;
  /** Runs a write; the number of rows that it changed itself, foreign key actions not counted. */
  run(parameters: readonly SqliteValue[]): number;
  finalize(): void;
}

export interface SqliteDatabase {
  prepare(sql: string): SqliteStatement;
  /** Runs one or more statements without parameters and drops their rows. */
  execute(sql: string): void;
  close(): void;
}

/** Opens the database at `path`; `readOnly` needs it to exist. Throws when it cannot. */
export function openSqlite(path: string, options: { readonly readOnly?: boolean } = {}): SqliteDatabase {
  const database = options.readOnly
    ? new Database(path, { readonly: true, strict: true })
    : new Database(path, { create: true, readwrite: true, strict: true });
  return {
    prepare: (sql) => wrap(database.prepare(sql)),
    execute: (sql) => void database.run(sql),
    close: () => database.close(),
  };
}

/** SQLite's own name of what failed, such as `SQLITE_CONSTRAINT_UNIQUE` or `SQLITE_FULL`; `undefined` for other errors. */
export function sqliteErrorCode(error: unknown): string | undefined {
  return error instanceof SQLiteError ? (error.code ?? 'SQLITE_ERROR') : undefined;
}

function wrap(statement: Statement<Record<string, unknown>, SqliteValue[]>): SqliteStatement {
  return {
    givesRows: statement.columnNames.length > 0,
    all: (parameters) => statement.all(...parameters),
    first: (parameters) => statement.get(...parameters) ?? undefined,
    run: (parameters) => statement.run(...parameters).changes,
    finalize: () => statement.finalize(),
  };
}
