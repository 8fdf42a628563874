import { sqliteErrorCode } from '#platform/runtime/sqlite.ts';
import { ANY_ROWS } from '../pending-batch.ts';
import type { Step } from '../writer/decode-group.ts';
import type { Failure, GroupAnswer, WriterAnswer } from '../writer/messages.ts';
import type { TextCache } from './text-cache.ts';

type Rows = GroupAnswer['rows'][number][];

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
 * Applies a group in one transaction. At first without savepoints, as nearly every group succeeds; if one batch fails, the
 * group is run again with a savepoint each.
 */
export function applyGroup(batches: readonly Step[][], texts: TextCache): WriterAnswer {
  try {
    const rows: Rows = [];
    transaction(texts, () => {
      for (const steps of batches) runSteps(steps, texts, rows);
    });
    return rows.length === 0 ? 0 : { failures: [], rows };
  } catch (error) {
    if (!isOwnFault(error)) throw error;
    if (batches.length === 1) return { failures: [describe(error, 0)], rows: [] };
  }
  return applyWithSavepoints(batches, texts);
}

function applyWithSavepoints(batches: readonly Step[][], texts: TextCache): WriterAnswer {
  const failures: Failure[] = [];
  const rows: Rows = [];
  try {
    transaction(texts, () => {
      for (const [index, steps] of batches.entries()) {
        const own: Rows = [];
        texts.execute('SAVEPOINT batch');
        try {
          runSteps(steps, texts, own);
          for (const part of own) rows.push(part);
        } catch (error) {
          if (!isOwnFault(error)) throw error;
          texts.execute('ROLLBACK TO batch');
          failures.push(describe(error, index));
        }
        texts.execute('RELEASE batch');
      }
    });
    return { failures, rows };
  } catch (error) {
    if (!isOwnFault(error)) throw error;
    return applyAlone(batches, texts);
  }
}

/** The last resort, when the common commit failed: every batch commits for itself, so that only those at fault fail. */
function applyAlone(batches: readonly Step[][], texts: TextCache): WriterAnswer {
  const failures: Failure[] = [];
  const rows: Rows = [];
  for (const [index, steps] of batches.entries()) {
    const own: Rows = [];
    try {
      transaction(texts, () => runSteps(steps, texts, own));
      for (const part of own) rows.push(part);
    } catch (error) {
      failures.push(describe(error, index));
    }
  }
  return { failures, rows };
}

function transaction(texts: TextCache, run: () => void): void {
  texts.execute('BEGIN IMMEDIATE');
  try {
    run();
    texts.execute('COMMIT');
  } catch (error) {
    try {
      texts.execute('ROLLBACK');
    } catch {
      // SQLite has already rolled back by itself, as it does when the disk is full.
    }
    throw error;
  }
}

function runSteps(steps: readonly Step[], texts: TextCache, rows: Rows): void {
  for (const [index, step] of steps.entries()) {
    try {
      runStep(step, texts, rows);
    } catch (error) {
      if (error instanceof StepFailure) throw new StepFailure(index, error.conflict, error.message);
      if (!isOwnFault(error)) throw error;
      throw new StepFailure(index, isConflict(error), `${messageOf(error)}, in: ${step.sql}`);
    }
  }
}

function runStep(step: Step, texts: TextCache, rows: Rows): void {
  const count = texts.with(step, (statement) => {
    if (!statement.givesRows) return statement.run(step.parameters);
    const given = statement.all(step.parameters);
    rows.push(step.place, given);
    return given.length;
  });
  if (step.expected === ANY_ROWS || count === step.expected) return;
  throw new StepFailure(0, true, `${count} rows instead of ${step.expected}, in: ${step.sql}`);
}

/** Whether a batch is to blame, rather than the disk, the memory or a lock, which fail all of a group. */
function isOwnFault(error: unknown): boolean {
  const code = sqliteErrorCode(error);
  return code === undefined || /^SQLITE_(ERROR|CONSTRAINT|MISMATCH|RANGE|TOOBIG)/.test(code);
}

function isConflict(error: unknown): boolean {
  switch (sqliteErrorCode(error)) {
    case 'SQLITE_CONSTRAINT_UNIQUE':
    case 'SQLITE_CONSTRAINT_PRIMARYKEY':
    case 'SQLITE_CONSTRAINT_ROWID':
    case 'SQLITE_CONSTRAINT_FOREIGNKEY':
      return true;
    default:
      return false;
  }
}

function describe(error: unknown, batch: number): Failure {
  if (error instanceof StepFailure) {
    return { batch, statement: error.statement, conflict: error.conflict, message: error.message };
  }
  return { batch, statement: -1, conflict: isConflict(error), message: messageOf(error) };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
