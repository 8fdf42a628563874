import type { Clock } from '#platform/clock/index.ts';
import { columnTypes } from './dialect.ts';
import type { StorageLog } from './open-storage.ts';
import type { Migration, Reader, Transactor } from './ports.ts';
import { statement } from './tables.ts';

interface MigrateOptions {
  readonly migrations: readonly Migration[];
  readonly lowestCompatible?: number;
  readonly clock: Clock;
  readonly log: StorageLog;
}

interface SchemaInfo {
  /** How many steps the database has. */
  readonly version: number;
  /** How many steps a server must know, at least, to use it. */
  readonly lowest_compatible: number;
}

const insertMigration = statement('INSERT INTO schema_migrations (position, name, applied_at) VALUES (?, ?, ?)');
const upsertInfo = statement(
  'INSERT INTO schema_info (id, version, lowest_compatible) VALUES (0, ?, ?) ' +
    'ON CONFLICT (id) DO UPDATE SET version = excluded.version, lowest_compatible = excluded.lowest_compatible',
);
const selectInfo = statement<SchemaInfo>('SELECT version, lowest_compatible FROM schema_info WHERE id = 0');
const selectNames = statement<{ name: string }>('SELECT name FROM schema_migrations ORDER BY position');

/**
 * Brings the schema up to date, a transaction for each step. A database made by a newer server is used as it is if that
 * server allowed it, and refused otherwise; one with steps that are not ours is refused.
 */
export async function migrate(reader: Reader, transactor: Transactor, options: MigrateOptions): Promise<void> {
  const { migrations, clock, log } = options;
  const types = columnTypes(reader.dialect);
  await transactor.commit((batch) => {
    for (const sql of bookkeepingTables(types.bigint)) batch.add({ sql, parameters: [] });
  });
  const applied = (await reader.all(selectNames())).map((row) => row.name);
  checkHistory(applied, migrations);
  const info = await reader.first(selectInfo());
  if (info !== undefined && info.version > migrations.length) {
    checkCompatible(info, migrations.length);
    log.warn('schema_newer', { version: info.version, known: migrations.length });
    return;
  }
  for (const [index, migration] of migrations.entries()) {
    if (index < applied.length) continue;
    await transactor.commit((batch) => {
      for (const sql of migration.up(types)) batch.add({ sql, parameters: [] });
      batch.add(insertMigration(index + 1, migration.name, clock.now()));
      batch.add(upsertInfo(index + 1, options.lowestCompatible ?? 0));
    });
    log.info('schema_migrated', { migration: migration.name });
  }
  if (info?.lowest_compatible !== (options.lowestCompatible ?? 0)) {
    await transactor.commit((batch) => batch.add(upsertInfo(migrations.length, options.lowestCompatible ?? 0)));
  }
}

function bookkeepingTables(bigint: string): readonly string[] {
  return [
    `CREATE TABLE IF NOT EXISTS schema_migrations (
  position ${bigint} NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  applied_at ${bigint} NOT NULL
)`,
    `CREATE TABLE IF NOT EXISTS schema_info (
  id ${bigint} NOT NULL PRIMARY KEY CHECK (id = 0),
  version ${bigint} NOT NULL,
  lowest_compatible ${bigint} NOT NULL
)`,
    `CREATE TABLE IF NOT EXISTS sequences (
  name TEXT NOT NULL PRIMARY KEY,
  reserved ${bigint} NOT NULL
)`,
  ];
}

function checkHistory(applied: readonly string[], migrations: readonly Migration[]): void {
  for (const [index, name] of applied.entries()) {
    const ours = migrations[index];
    if (ours !== undefined && ours.name !== name) {
      throw new Error(
        `the database's schema is not this server's: its step ${index + 1} is ${name}, where this server has ${ours.name}`,
      );
    }
  }
}

function checkCompatible(info: SchemaInfo, known: number): void {
  if (info.lowest_compatible <= known) return;
  throw new Error(
    `the database was made by a newer server: its schema version is ${info.version}, to be used by servers that know ` +
      `version ${info.lowest_compatible} or later, and this one knows ${known}. Install the newer server, or restore a backup.`,
  );
}
