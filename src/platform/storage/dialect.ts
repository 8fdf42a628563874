/** What differs between the engines, by name. Everything else is one SQL text for both. */
import type { ColumnTypes, DialectName } from './ports.ts';
import { isStorableText } from './values.ts';

const COLUMN_TYPES: Readonly<Record<DialectName, ColumnTypes>> = {
  sqlite: {
    dialect: 'sqlite',
    bigint: 'INTEGER',
    bigintPrimaryKey: 'INTEGER PRIMARY KEY',
    bytes: 'BLOB',
    clustered: 'WITHOUT ROWID',
  },
  postgres: {
    dialect: 'postgres',
    bigint: 'BIGINT',
    bigintPrimaryKey: 'BIGINT PRIMARY KEY',
    bytes: 'BYTEA',
    clustered: '',
  },
};

export const columnTypes = (dialect: DialectName): ColumnTypes => COLUMN_TYPES[dialect];

/** An expression of text to compare and sort by its UTF-8 bytes, as SQLite always does, whatever the database's locale. */
export function bytewise(dialect: DialectName, expression: string): string {
  return dialect === 'postgres' ? `(${expression}) COLLATE "C"` : expression;
}

/** The larger of the arguments; all of them must be non-null. */
export function greatest(dialect: DialectName, ...expressions: readonly string[]): string {
  return `${dialect === 'postgres' ? 'GREATEST' : 'MAX'}(${expressions.join(', ')})`;
}

/** The smaller of the arguments; all of them must be non-null. */
export function least(dialect: DialectName, ...expressions: readonly string[]): string {
  return `${dialect === 'postgres' ? 'LEAST' : 'MIN'}(${expressions.join(', ')})`;
}

/**
 * A condition that `column` is in a list given as ONE parameter, `listParameter(values)`: the text stays the same however
 * long the list is, so that it is prepared once.
 */
export function inIntegers(dialect: DialectName, column: string): string {
  return dialect === 'postgres'
    ? `${column} = ANY (ARRAY(SELECT value::bigint FROM jsonb_array_elements_text(?::text::jsonb)))`
    : `${column} IN (SELECT value FROM json_each(?))`;
}

/** As `inIntegers`, for text. */
export function inTexts(dialect: DialectName, column: string): string {
  return dialect === 'postgres'
    ? `${column} = ANY (ARRAY(SELECT value FROM jsonb_array_elements_text(?::text::jsonb)))`
    : `${column} IN (SELECT value FROM json_each(?))`;
}

/** The parameter of `inIntegers` and `inTexts`. Texts that no engine can keep are no column's value, and are left out. */
export const listParameter = (values: Iterable<number> | Iterable<string>): string =>
  JSON.stringify([...values].filter((value) => typeof value === 'number' || isStorableText(value)));

/** `text` as a part of a pattern that matches itself; the condition reads `LIKE ? ESCAPE '\'`. LIKE respects case on both. */
export const escapeLike = (text: string): string => text.replace(/[\\%_]/g, '\\$&');
