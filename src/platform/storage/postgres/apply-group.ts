import type { ReservedSql, Row, RowList } from 'postgres';
import { ANY_ROWS } from '../pending-batch.ts';
import type { Step } from '../writer/decode-group.ts';
import type { Failure, Rows, WriterAnswer } from '../writer/messages.ts';
import type { TextMap } from './placeholders.ts';
import { isConflict, isRefusal, messageOf } from './postgres-errors.ts';
import { sendText } from './send-text.ts';

/** A statement that did not do what its batch needs. */
class StepFailure extends Error {
  constructor(
    readonly statement: number,
    readonly conflict: boolean,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Applies a group in one transaction, all its statements sent without waiting for each other. If one fails, every batch is
 * run again in a transaction of its own. Throws when the connection is lost: then what became of the group is unknown.
 */
export async function applyGroup(sql: ReservedSql, batches: readonly Step[][], texts: TextMap): Promise<WriterAnswer> {
  try {
    const rows = await transaction(sql, batches.flat(), texts);
    return rows.length === 0 ? 0 : { failures: [], rows };
  } catch (error) {
    if (!isOwnFault(error)) throw error;
    if (batches.length === 1) return { failures: [describe(error, 0)], rows: [] };
  }
  return applyAlone(sql, batches, texts);
}

async function applyAlone(sql: ReservedSql, batches: readonly Step[][], texts: TextMap): Promise<WriterAnswer> {
  const failures: Failure[] = [];
  const rows: (number | Rows)[] = [];
  for (const [index, steps] of batches.entries()) {
    try {
      rows.push(...(await transaction(sql, steps, texts)));
    } catch (error) {
      if (!isOwnFault(error)) throw error;
      failures.push(describe(error, index));
    }
  }
  return { failures, rows };
}

/** Pairs of a statement's place in the group and its rows, for the statements that gave some. */
async function transaction(sql: ReservedSql, steps: readonly Step[], texts: TextMap): Promise<(number | Rows)[]> {
  const begun = sql.unsafe('BEGIN').execute();
  const sent = steps.map((step) => sendText(sql, texts.get(step.sql), step.parameters).execute());
  const settled = await Promise.allSettled([begun, ...sent]);
  const failed = settled.findIndex((outcome) => outcome.status === 'rejected');
  try {
    if (failed >= 0) throw failureOf(settled[failed] as PromiseRejectedResult, steps, failed - 1);
    const rows: (number | Rows)[] = [];
    for (const [index, step] of steps.entries()) {
      const result = (settled[index + 1] as PromiseFulfilledResult<RowList<Row[]>>).value;
      checkCount(step, result.count, index);
      if (result.length > 0) rows.push(step.place, [...result]);
    }
    await sql.unsafe('COMMIT');
    return rows;
  } catch (error) {
    if (isOwnFault(error)) await sql.unsafe('ROLLBACK');
    throw error;
  }
}

function failureOf({ reason }: PromiseRejectedResult, steps: readonly Step[], index: number): unknown {
  if (!isRefusal(reason)) return reason;
  return new StepFailure(index, isConflict(reason), `${messageOf(reason)}, in: ${steps[index]?.sql ?? 'BEGIN'}`);
}

function checkCount(step: Step, count: number, index: number): void {
  if (step.expected === ANY_ROWS || count === step.expected) return;
  throw new StepFailure(index, true, `${count} rows instead of ${step.expected}, in: ${step.sql}`);
}

/** Whether a batch is to blame, and the connection still stands. */
function isOwnFault(error: unknown): boolean {
  return error instanceof StepFailure || isRefusal(error);
}

function describe(error: unknown, batch: number): Failure {
  if (error instanceof StepFailure) {
    return { batch, statement: error.statement, conflict: error.conflict, message: error.message };
  }
  return { batch, statement: -1, conflict: isConflict(error), message: messageOf(error) };
}
