import type { DatabaseConfig } from '#platform/config/index.ts';
import { openStorage, type StorageOptions } from '#platform/storage/index.ts';
import type { Storage } from '#platform/storage/ports.ts';
import { lowestCompatible, migrations } from '../../migrations/index.ts';
import { databaseFault, readSchemaState, type SchemaState } from './schema-store.ts';
import { storageConfig } from './storage-config.ts';

/** Opens the database and brings its schema up to date; makes it if it is not there. Throws what to tell the operator. */
export async function openDatabase(
  database: DatabaseConfig,
  options: Omit<StorageOptions, 'migrations' | 'lowestCompatible'>,
): Promise<Storage> {
  const config = storageConfig(database);
  refuseSynapse(await readSchemaState(database), database);
  try {
    return await openStorage(config, { ...options, migrations, lowestCompatible });
  } catch (error) {
    throw databaseFault(database, error);
  }
}

/** An operator's first try may be with Synapse's own configuration; nothing of theirs is touched. */
export function refuseSynapse({ kind }: SchemaState, database: DatabaseConfig): void {
  if (kind !== 'synapse') return;
  const name = database.engine === 'sqlite' ? database.path : (database.database ?? 'in PostgreSQL');
  throw new Error(
    `the database ${name} is one of Synapse's, and is left as it is: moving its content is not possible yet. ` +
      'Give Myelin a database of its own (see docs/migrate.md)',
  );
}
