import type { PendingQuery, Row, Sql } from 'postgres';
import type { SqlValue } from '../ports.ts';
import type { PostgresText } from './placeholders.ts';

/** Sends a text with its parameters by the extended protocol, which takes one statement at a time. */
export function sendText(
  sql: Pick<Sql, 'unsafe'>,
  { text, prepare }: PostgresText,
  parameters: readonly SqlValue[],
): PendingQuery<Row[]> {
  // The driver's types know neither `simple` nor parameters whose type the server tells.
  const options = { prepare, simple: false } as { prepare: boolean };
  return sql.unsafe(text, [...parameters] as never[], options);
}
