import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { DatabaseConfig } from '#platform/config/index.ts';
import type { StorageConfig } from '#platform/storage/index.ts';

/** The database to open, its folder made if need be. */
export function storageConfig(database: DatabaseConfig): StorageConfig {
  if (database.engine === 'sqlite' && database.path !== ':memory:')
    mkdirSync(dirname(database.path), { recursive: true, mode: 0o700 });
  return database as StorageConfig;
}
