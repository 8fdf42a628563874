import { existsSync } from 'node:fs';
import type { DatabaseConfig } from '#platform/config/index.ts';
import { statement } from '#platform/storage/index.ts';
import type { Reader } from '#platform/storage/ports.ts';
import { PostgresReader } from '#platform/storage/postgres/postgres-reader.ts';
import { SqliteReader } from '#platform/storage/sqlite/sqlite-reader.ts';

/** What is in a database, found out without writing to it or locking it. */
export type SchemaState =
  | { readonly kind: 'empty' }
  /** Ours: how many steps its schema has, and how many a server must know, at least, to use it. */
  | { readonly kind: 'ours'; readonly steps: number; readonly lowestCompatible: number }
  /** Synapse's: its tables and ours would not go together. */
  | { readonly kind: 'synapse' };

const CACHE_BYTES = 1_000_000;

const ourTable = 'schema_info';
const synapseTable = 'applied_schema_deltas';
const tablesOfSqlite = statement<{ name: string }>(
  "SELECT name FROM sqlite_master WHERE type = 'table' AND name IN (?, ?)",
);
const tablesOfPostgres = statement<{ name: string }>(
  'SELECT table_name AS name FROM information_schema.tables WHERE table_schema = ANY (current_schemas(false)) AND table_name IN (?, ?)',
);
const schemaInfo = statement<{ version: number; lowest_compatible: number }>(
  'SELECT version, lowest_compatible FROM schema_info WHERE id = 0',
);

const one = statement<{ one: number }>('SELECT 1 AS one');

/** Resolves when the database answers; rejects when it is closed or gone. */
export async function ping(reader: Reader): Promise<void> {
  await reader.first(one());
}

/** Throws what to tell the operator when the database cannot be read. */
export async function readSchemaState(database: DatabaseConfig): Promise<SchemaState> {
  if (database.engine === 'sqlite' && !existsSync(database.path)) return { kind: 'empty' };
  const reader = openReader(database);
  try {
    return await stateOf(reader);
  } catch (error) {
    throw databaseFault(database, error);
  } finally {
    await reader.close();
  }
}

function openReader(database: DatabaseConfig): SqliteReader | PostgresReader {
  if (database.engine === 'postgres') return new PostgresReader({ ...database, cp_max: 1 });
  try {
    return new SqliteReader(database.path, CACHE_BYTES);
  } catch (error) {
    throw databaseFault(database, error);
  }
}

/** The engine's message with the database that it is about, and what to do where we know. */
export function databaseFault(database: DatabaseConfig, error: unknown): Error {
  const message = (error as Error).message.replace(/^sqlite: /, '').replace(/, in: .*$/s, '');
  if (database.engine === 'postgres') {
    const { host = 'its socket', port } = database;
    const where = database.url === undefined ? `at ${host}${port === undefined ? '' : `:${port}`}` : 'at its url';
    return new Error(
      /ECONNREFUSED|ENOTFOUND|ETIMEDOUT/.test(message) ? `${message}: is PostgreSQL running ${where}?` : message,
    );
  }
  if (message.includes(database.path)) return new Error(message);
  const advice = Object.entries(SQLITE_ADVICE).find(([text]) => message.includes(text))?.[1];
  return new Error(`the database ${database.path}: ${message}${advice === undefined ? '' : `: ${advice}`}`);
}

const SQLITE_ADVICE: Readonly<Record<string, string>> = {
  'database is locked': 'another program is writing to it; end that first',
  'not a database': 'something else lies at that path; move it away, or restore a backup',
  malformed: 'restore a backup',
  'unable to open': 'the user who runs the server must own it and its folder',
  readonly: 'the user who runs the server must own it and its folder',
};

async function stateOf(reader: Reader): Promise<SchemaState> {
  const tables = reader.dialect === 'sqlite' ? tablesOfSqlite : tablesOfPostgres;
  const names = new Set((await reader.all(tables(ourTable, synapseTable))).map(({ name }) => name));
  if (names.has(synapseTable)) return { kind: 'synapse' };
  if (!names.has(ourTable)) return { kind: 'empty' };
  const info = await reader.first(schemaInfo());
  return { kind: 'ours', steps: info?.version ?? 0, lowestCompatible: info?.lowest_compatible ?? 0 };
}
