import { expect, test } from 'bun:test';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { schemaOf } from '#platform/storage/index.ts';
import { forEachEngine } from '#test/storage.ts';
import { lowestCompatible, migrations } from './index.ts';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));

forEachEngine('the schema', (engine) => {
  test('of a new database is the committed snapshot (else run: bun migrations/snapshot.ts)', async () => {
    const storage = await engine.open(migrations);
    expect(await schemaOf(storage)).toBe(readFileSync(`${FOLDER}schema.${engine.dialect}.sql`, 'utf8'));
  });
});

test('every step has a file of its name and number, and every file is listed', () => {
  const files = readdirSync(FOLDER).filter((file) => /^\d{4}-.*\.ts$/.test(file));
  expect(migrations.map((migration) => `${migration.name}.ts`)).toEqual(files.sort());
  const numbers = migrations.map((migration) => Number(migration.name.slice(0, 4)));
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(lowestCompatible).toBeLessThanOrEqual(migrations.length);
});
