import postgres from 'postgres';

const UNIQUE_VIOLATION = '23505';
const FOREIGN_KEY_VIOLATION = '23503';
const EXCLUSION_VIOLATION = '23P01';

/** Whether the server refused a statement, after which the connection is as good as before. */
export function isRefusal(error: unknown): error is postgres.PostgresError {
  // Class 57P: the server ends the session, or is starting or stopping.
  return error instanceof postgres.PostgresError && error.severity !== 'FATAL' && !error.code.startsWith('57P');
}

/** Whether the error says that a premise of the batch did not hold. */
export function isConflict(error: unknown): boolean {
  if (!isRefusal(error)) return false;
  return [UNIQUE_VIOLATION, FOREIGN_KEY_VIOLATION, EXCLUSION_VIOLATION].includes(error.code);
}

export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const detail = error instanceof postgres.PostgresError && error.detail ? `: ${error.detail}` : '';
  return `${error.message}${detail}`;
}
