import type { Compilable, Kysely } from 'kysely';
import type { SignedText } from '#protocol/signing/index.ts';

export type SqlValue = string | number | bigint | null | Uint8Array;

/** A value that is written: a text may be signed by the thread that writes it, which costs the event loop nothing. */
export type WrittenValue = SqlValue | SignedText;

/**
 * SQL text with `?` for each parameter and the parameters in order. One text serves both engines; the PostgreSQL engine
 * rewrites the placeholders once a text.
 */
export interface Statement<Row = unknown> {
  readonly sql: string;
  readonly parameters: readonly WrittenValue[];
  /** Never set: carries the type of the rows. */
  readonly row?: Row;
}

/** A statement, or a Kysely builder that compiles to one. */
export type Query<Row = unknown> = Statement<Row> | Compilable<Row>;

export type DialectName = 'sqlite' | 'postgres';

/** Reads committed data. Point reads are fast and may run on the calling thread. */
export interface Reader {
  readonly dialect: DialectName;
  all<Row>(query: Query<Row>): Promise<Row[]>;
  first<Row>(query: Query<Row>): Promise<Row | undefined>;
  /** Like `all`, for what may take long (search, exports, scans): never on the event loop's thread. */
  allHeavy<Row>(query: Query<Row>): Promise<Row[]>;
}

/** What a statement of a batch gave: filled once the batch has been committed. */
export interface Result<Row> {
  rows: readonly Row[];
}

/** The statements of one all-or-nothing write. */
export interface Batch {
  /**
   * Adds a statement; `RETURNING` rows stand in the result after the commit. With `expectRows`, the whole batch fails with
   * `BatchConflict` unless the statement changed (or returned) that many rows: this is how a write states its premise.
   */
  add<Row>(query: Query<Row>, expectRows?: number): Result<Row>;
}

/** Writes. Batches are committed in the order in which `commit` was called. */
export interface Transactor {
  /**
   * Calls `build` at once, synchronously, and resolves with what it returned when its statements are durable on disk. A
   * batch without statements resolves at once. Rejects with `BatchConflict` (an `expectRows` was not met, or a unique or
   * foreign key constraint) and then nothing of this batch was written, while others of the same group are unaffected.
   */
  commit<T>(build: (batch: Batch) => T): Promise<T>;
}

/** A batch's premise did not hold: nothing of it was written. */
export class BatchConflict extends Error {
  override readonly name = 'BatchConflict';

  /** `statement` is the index, from 0, of the statement of the batch that failed; `undefined` if only its commit did. */
  constructor(
    message: string,
    readonly statement?: number,
  ) {
    super(message);
  }
}

/** A query builder over the tables that a store names. It only writes SQL text; `Reader` and `Transactor` run it. */
export type Tables<T> = Kysely<T>;

/** One step of the schema. Steps are append-only; `up` gives the statements for an engine. */
export interface Migration {
  /** `0001-accounts`: its order and its name. */
  readonly name: string;
  up(types: ColumnTypes): readonly string[];
}

/** Column types that differ between engines. `INTEGER` holds 64 bits in SQLite only: use `bigint` for ids and positions. */
export interface ColumnTypes {
  readonly dialect: DialectName;
  /** 64-bit integer, read as a JavaScript number. */
  readonly bigint: string;
  /** A 64-bit integer that is the primary key of its table (SQLite: the rowid). */
  readonly bigintPrimaryKey: string;
  readonly bytes: string;
  /** Appended to `CREATE TABLE` for tables clustered by a composite primary key (SQLite: `WITHOUT ROWID`; PostgreSQL: nothing). */
  readonly clustered: string;
}

/** An open database. */
export interface Storage extends AsyncDisposable {
  readonly reader: Reader;
  readonly transactor: Transactor;
  readonly sequences: Sequences;
  /** Bytes on disk. */
  sizeBytes(): Promise<number>;
  /**
   * Rejects when nothing can be written, resolves when it can: judged by what was written of late, and by a write of its own
   * only after a while without any, or after a failure.
   */
  checkWrite(): Promise<void>;
}

/**
 * Numbers that never repeat: interned ids and stream positions. `next` is synchronous; ranges are reserved in the database
 * ahead of use, so a restart skips numbers and never reuses one.
 */
export interface Sequences {
  /** The next number of the named sequence, starting from 1. Call it inside `commit`'s `build`, so that order is kept. */
  next(name: SequenceName): number;
  /** The last number handed out. */
  last(name: SequenceName): number;
}

export type SequenceName = 'stream' | 'event' | 'room' | 'state_key' | 'row';
