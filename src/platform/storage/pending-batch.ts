import type { Batch, Query, Result, WrittenValue } from './ports.ts';
import { toStatement } from './values.ts';

const NO_ROWS: readonly never[] = [];

/** No row count is expected of a statement. */
export const ANY_ROWS = -1;

/** A batch on its way to the disk: its statements side by side in columns, which is cheap to fill and to send. */
export class PendingBatch implements Batch {
  readonly texts: string[] = [];
  readonly parameters: (readonly WrittenValue[])[] = [];
  /** The number of rows that each statement must change or return, or `ANY_ROWS`. */
  readonly expected: number[] = [];
  readonly results: Result<unknown>[] = [];
  #sealed = false;

  add<Row>(query: Query<Row>, expectRows: number = ANY_ROWS): Result<Row> {
    if (this.#sealed) throw new Error('statement added to a batch after its build returned: build must be synchronous');
    const statement = toStatement(query);
    this.texts.push(statement.sql);
    this.parameters.push(statement.parameters);
    this.expected.push(expectRows);
    const result: Result<Row> = { rows: NO_ROWS };
    this.results.push(result);
    return result;
  }

  seal(): void {
    this.#sealed = true;
  }

  /** Called once: without an error when the batch is durable. */
  settle: (error?: Error) => void = () => undefined;
}
