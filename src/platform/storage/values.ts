import { MatrixError } from '#protocol/errors.ts';
import { SignedText } from '#protocol/signing/index.ts';
import type { Query, SqlValue, Statement, WrittenValue } from './ports.ts';

/**
 * A text that no engine can keep as it is: PostgreSQL has no U+0000, and a lone surrogate has no UTF-8. Refused alike on
 * both engines, in writes and reads, as the bad input it always is (400 `M_INVALID_PARAM`).
 */
export class UnstorableText extends MatrixError {
  constructor() {
    super('M_INVALID_PARAM', 'Text must not contain U+0000 or a lone surrogate');
  }
}

/** Whether a database can keep `text` as it is. */
export function isStorableText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

/** What PostgreSQL's protocol can count, less some. */
const MAX_PARAMETERS = 65_000;

/** The text and parameters of a query, checked: throws `UnstorableText`, or a `TypeError` for what is no SQL value. */
export function toStatement<Row>(query: Query<Row>): Statement<Row> {
  const statement = 'compile' in query ? (query.compile() as Statement<Row>) : query;
  const { parameters } = statement;
  if (parameters.length > MAX_PARAMETERS)
    throw new TypeError(`${parameters.length} parameters are too many for a statement`);
  for (let index = 0; index < parameters.length; index++) check(parameters[index]);
  return statement;
}

/** A statement of a reader. */
export interface ReadStatement extends Statement {
  readonly parameters: readonly SqlValue[];
}

/** As `toStatement`, for a reader. A text to be signed is nothing to look for: the engine refuses it. */
export function toReadStatement(query: Query): ReadStatement {
  return toStatement(query) as ReadStatement;
}

function check(value: WrittenValue | undefined): void {
  switch (typeof value) {
    case 'string':
      if (!isStorableText(value)) throw new UnstorableText();
      return;
    case 'number':
      if (!Number.isFinite(value)) throw new TypeError(`${value} is not an SQL value`);
      return;
    case 'bigint':
      return;
    default:
      if (value === null || value instanceof Uint8Array) return;
      if (value instanceof SignedText) {
        if (!isStorableText(value.before) || !isStorableText(value.after)) throw new UnstorableText();
        return;
      }
      throw new TypeError(`${typeof value} is not an SQL value`);
  }
}
