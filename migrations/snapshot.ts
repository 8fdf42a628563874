/** `bun migrations/snapshot.ts`: writes the schema that all steps make, for each engine, beside them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { systemClock } from '#platform/clock/index.ts';
import { type DialectName, openStorage, type StorageConfig, schemaOf } from '#platform/storage/index.ts';
import { testPostgres } from '#test/postgres.ts';
import { administer } from '#test/storage.ts';
import { lowestCompatible, migrations } from './index.ts';

const DATABASE = 'myelin_snapshot';

const snapshotPath = (dialect: DialectName): string =>
  fileURLToPath(new URL(`./schema.${dialect}.sql`, import.meta.url));

async function write(config: StorageConfig): Promise<void> {
  const storage = await openStorage(config, { clock: systemClock, migrations, lowestCompatible });
  await writeFile(snapshotPath(storage.reader.dialect), await schemaOf(storage));
  await storage[Symbol.asyncDispose]();
}

const folder = await mkdtemp(join(tmpdir(), 'myelin-snapshot-'));
await write({ engine: 'sqlite', path: join(folder, 'snapshot.db') });
await rm(folder, { recursive: true });

await administer(`DROP DATABASE IF EXISTS ${DATABASE}`);
await administer(`CREATE DATABASE ${DATABASE} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'`);
await write({ ...(await testPostgres()), database: DATABASE });
await administer(`DROP DATABASE ${DATABASE}`);
process.exit();
