/**
 * Server-side key backups: versions, and the encrypted room keys in them. All of it is private to its owner. Not here: the
 * secrets that open a backup, which are account data.
 * https://spec.matrix.org/v1.19/client-server-api/#server-side-key-backups
 */
import type { Route } from '#api/endpoint.ts';
import type { Batch, Storage } from '#platform/storage/ports.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import { BackupKeys } from './backup-keys.ts';
import { BackupVersions } from './backup-versions.ts';
import { KeyBackupStore } from './key-backup-store.ts';
import { readRoutes, versionRoutes, writeRoutes } from './routes.ts';

export interface KeyBackupDeps {
  readonly storage: Pick<Storage, 'reader' | 'transactor'>;
}

export interface KeyBackup {
  readonly routes: readonly Route[];
  // Hooks of the accounts layer.
  onAccountDeactivated(userId: UserId, options: unknown, batch: Batch): void;
}

export function keyBackupFeature({ storage: { reader, transactor } }: KeyBackupDeps): KeyBackup {
  const store = new KeyBackupStore(reader);
  const versions = new BackupVersions(store, transactor);
  const keys = new BackupKeys(store, versions, transactor);
  return {
    routes: [...versionRoutes(versions), ...writeRoutes(keys), ...readRoutes(store, versions, keys)],
    onAccountDeactivated(userId, _, batch) {
      for (const statement of store.removeUser(userId)) batch.add(statement);
    },
  };
}
