import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '#platform/clock/index.ts';
import { failureOf } from '#test/storage.ts';
import { type Migration, openStorage, type Storage, statement } from '../index.ts';
import { ThreadWriter } from '../writer/thread-writer.ts';

const folder = mkdtempSync(join(tmpdir(), 'myelin-open-sqlite-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const texts: Migration = {
  name: '0001-texts',
  up: ({ bigintPrimaryKey }) => [`CREATE TABLE texts (id ${bigintPrimaryKey}, content TEXT NOT NULL)`],
};
const insert = statement('INSERT INTO texts (id, content) VALUES (?, ?)');
const open = (path: string): Promise<Storage> =>
  openStorage({ engine: 'sqlite', path }, { clock: systemClock, migrations: [texts] });

test('the folder is made, and closing leaves the database in one file beside its lock', async () => {
  const path = join(folder, 'new', 'folder', 'main.db');
  const storage = await open(path);
  await storage.transactor.commit((batch) => batch.add(insert(1, 'text')));
  expect(await storage.reader.allHeavy({ sql: 'SELECT id FROM texts', parameters: [] })).toEqual([{ id: 1 }]);
  await storage[Symbol.asyncDispose]();
  expect(readdirSync(join(folder, 'new', 'folder')).sort()).toEqual(['main.db', 'main.db.lock']);
});

test('a file that is no database is refused, and left alone', async () => {
  const path = join(folder, 'letter.db');
  writeFileSync(path, 'Dear Sir or Madam, '.repeat(1000));
  const before = statSync(path).size;
  for (let attempt = 0; attempt < 2; attempt++) {
    expect(await failureOf(open(path))).toHaveProperty('message', expect.stringContaining('not a database'));
  }
  expect(statSync(path).size).toBe(before);
});

test('the log stays short under load, and what is deleted is given back to the file system', async () => {
  const path = join(folder, 'large.db');
  const storage = await open(path);
  const content = 'x'.repeat(3000);
  let longest = 0;
  for (let group = 0; group < 150; group++) {
    await storage.transactor.commit((batch) => {
      for (let row = 0; row < 100; row++) batch.add(insert(group * 100 + row, content));
    });
    longest = Math.max(longest, statSync(`${path}-wal`).size);
  }
  expect(longest).toBeLessThan(40_000_000);
  expect(await storage.sizeBytes()).toBeGreaterThan(45_000_000);
  await storage.transactor.commit((batch) => batch.add(statement('DELETE FROM texts')()));
  for (let id = 0; id < 200; id++) await storage.transactor.commit((batch) => batch.add(insert(id, 'small')));
  await storage[Symbol.asyncDispose]();
  expect(statSync(path).size).toBeLessThan(12_000_000);
});

test('a thread that cannot start fails what is asked of it, and says so', async () => {
  const deaths: Error[] = [];
  const writer = new ThreadWriter(new URL('./no-such-module.ts', import.meta.url), 'missing', (error) =>
    deaths.push(error),
  );
  expect(await failureOf(writer.open({}))).toBeInstanceOf(Error);
  expect(deaths.length).toBeGreaterThan(0);
  expect(await failureOf(writer.open({}))).toBeInstanceOf(Error);
});
