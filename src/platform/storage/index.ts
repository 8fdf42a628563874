/**
 * Where everything durable is kept: one schema on two engines, SQLite and PostgreSQL. Here are the ports that stores are
 * written against, opening a database, group commit, sequences, the migrator, and what differs between the engines
 * (`dialect.ts`). Not here: any table of a feature, which stands in its slice and in `/migrations`; stream positions and
 * wake-ups, which are in `platform/streams`.
 */
export {
  bytewise,
  columnTypes,
  escapeLike,
  greatest,
  inIntegers,
  inTexts,
  least,
  listParameter,
} from './dialect.ts';
export type { GroupObservation } from './group-commit.ts';
export { openStorage, type StorageConfig, type StorageLog, type StorageOptions } from './open-storage.ts';
export type {
  Batch,
  ColumnTypes,
  DialectName,
  Migration,
  Query,
  Reader,
  Result,
  SequenceName,
  Sequences,
  SqlValue,
  Statement,
  Storage,
  Tables,
  Transactor,
  WrittenValue,
} from './ports.ts';
export { BatchConflict } from './ports.ts';
export type { PostgresConfig } from './postgres/connection-options.ts';
export { schemaOf } from './schema-of.ts';
export { ping, statement, tables } from './tables.ts';
export { isStorableText, UnstorableText } from './values.ts';
