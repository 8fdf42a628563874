import type { DatabaseConfig } from '#platform/config/index.ts';
import { openSqlite } from '#platform/runtime/sqlite.ts';
import { openPostgresEngine } from '#platform/storage/postgres/open-postgres.ts';
import { lockDatabase } from '#platform/storage/sqlite/data-lock.ts';
import { migrations } from '../../../../migrations/index.ts';
import { refuseSynapse } from '../../open-database.ts';
import { databaseFault, readSchemaState, type SchemaState } from '../../schema-store.ts';

/** Looks at the database without changing it. Throws what is wrong and what to do. */
export async function checkDatabase(database: DatabaseConfig, isRunning: boolean): Promise<string> {
  const state = await readSchemaState(database);
  refuseSynapse(state, database);
  if (!isRunning && state.kind !== 'empty') await tryLock(database);
  const where = database.engine === 'sqlite' ? database.path : 'PostgreSQL';
  if (state.kind === 'empty') return `${where}, to be filled at the first start`;
  return `${where}, ${describe(state)}${isRunning ? ', in use by the running server' : ''}`;
}

function describe(state: SchemaState): string {
  const { steps, lowestCompatible } = state.kind === 'ours' ? state : { steps: 0, lowestCompatible: 0 };
  const known = migrations.length;
  if (lowestCompatible > known) {
    throw new Error(`a newer server made its schema (${steps} steps; this one knows ${known}): install that one again`);
  }
  if (steps === known) return `schema current (${steps} steps)`;
  if (steps < known) return `the schema has ${steps} of ${known} steps; the next start adds the rest`;
  return `the schema has ${steps} steps, made by a newer server; this one knows ${known}`;
}

/** Takes the lock that a server holds, as a server would, and gives it back. */
async function tryLock(database: DatabaseConfig): Promise<void> {
  if (database.engine === 'sqlite') return tryWriting(database.path);
  const engine = await openPostgresEngine(database, { onBroken: () => undefined, warn: () => undefined });
  await engine.close();
}

/** Other programs do not know our lock: SQLite's own has to be free as well. */
function tryWriting(path: string): void {
  const unlock = lockDatabase(path);
  try {
    const database = openSqlite(path);
    try {
      database.execute('PRAGMA busy_timeout = 1000');
      database.execute('BEGIN IMMEDIATE');
      database.execute('ROLLBACK');
    } finally {
      database.close();
    }
  } catch (error) {
    throw databaseFault({ engine: 'sqlite', path }, error);
  } finally {
    unlock();
  }
}
