import { expect, test } from 'bun:test';
import { failureOf, forEachEngine } from '#test/storage.ts';
import { type Migration, schemaOf, statement } from './index.ts';

const first: Migration = { name: '0001-first', up: () => ['CREATE TABLE one (id INTEGER NOT NULL PRIMARY KEY)'] };
const second: Migration = {
  name: '0002-second',
  up: () => ['CREATE TABLE two (id INTEGER NOT NULL PRIMARY KEY)', 'INSERT INTO one (id) VALUES (1)'],
};
const broken: Migration = {
  name: '0002-broken',
  up: () => ['CREATE TABLE three (id INTEGER)', 'CREATE TABLE one (id INTEGER)'],
};
const insertOne = statement('INSERT INTO one (id) VALUES (?)');
const selectOne = statement<{ id: number }>('SELECT id FROM one ORDER BY id');

forEachEngine('opening a database', (engine) => {
  test('runs only the steps that it does not have', async () => {
    const config = await engine.newDatabase();
    const old = await engine.reopen(config, { migrations: [first] });
    await old[Symbol.asyncDispose]();
    const newer = await engine.reopen(config, { migrations: [first, second] });
    expect(await newer.reader.all(selectOne())).toEqual([{ id: 1 }]);
    const names = await newer.reader.all({
      sql: 'SELECT name FROM schema_migrations ORDER BY position',
      parameters: [],
    });
    expect(names).toEqual([{ name: '0001-first' }, { name: '0002-second' }]);
    await newer[Symbol.asyncDispose]();
    await engine.reopen(config, { migrations: [first, second] });
  });

  test('leaves nothing of a step that fails', async () => {
    const config = await engine.newDatabase();
    expect(await failureOf(engine.reopen(config, { migrations: [first, broken] }))).toHaveProperty(
      'message',
      expect.stringContaining('one'),
    );
    const storage = await engine.reopen(config, { migrations: [first] });
    expect(await schemaOf(storage)).not.toContain('three');
  });

  test('refuses a schema that only newer servers understand', async () => {
    const config = await engine.newDatabase();
    const newer = await engine.reopen(config, { migrations: [first, second], lowestCompatible: 2 });
    await newer[Symbol.asyncDispose]();
    expect(await failureOf(engine.reopen(config, { migrations: [first], lowestCompatible: 0 }))).toHaveProperty(
      'message',
      expect.stringContaining('newer server'),
    );
    await engine.reopen(config, { migrations: [first, second], lowestCompatible: 2 });
  });

  test('uses a newer schema that allows older servers, and leaves it as it is', async () => {
    const config = await engine.newDatabase();
    const newer = await engine.reopen(config, { migrations: [first, second], lowestCompatible: 1 });
    await newer[Symbol.asyncDispose]();
    const older = await engine.reopen(config, { migrations: [first] });
    expect(
      await older.reader.first({ sql: 'SELECT version, lowest_compatible FROM schema_info', parameters: [] }),
    ).toEqual({
      version: 2,
      lowest_compatible: 1,
    });
  });

  test('refuses a schema of another history', async () => {
    const config = await engine.newDatabase();
    const storage = await engine.reopen(config, { migrations: [second, first].reverse() });
    await storage[Symbol.asyncDispose]();
    const other = { ...second, name: '0002-other' };
    expect(await failureOf(engine.reopen(config, { migrations: [first, other] }))).toHaveProperty(
      'message',
      expect.stringContaining('0002-second'),
    );
  });

  test('is refused while another server has it open, and possible when that has closed', async () => {
    const config = await engine.newDatabase();
    const one = await engine.reopen(config, { migrations: [first] });
    expect(await failureOf(engine.reopen(config, { migrations: [first] }))).toHaveProperty(
      'message',
      expect.stringContaining('in use'),
    );
    await one.transactor.commit((batch) => batch.add(insertOne(1)));
    await one[Symbol.asyncDispose]();
    const two = await engine.reopen(config, { migrations: [first] });
    expect(await two.reader.all(selectOne())).toEqual([{ id: 1 }]);
  });

  test('sequences count from 1 and never give a number twice, also after a restart', async () => {
    const config = await engine.newDatabase();
    let last = 0;
    for (let round = 0; round < 3; round++) {
      const storage = await engine.reopen(config, { migrations: [first] });
      if (round === 0) expect(storage.sequences.last('event')).toBe(0);
      expect(storage.sequences.last('event')).toBeGreaterThanOrEqual(last);
      const numbers = await storage.transactor.commit(() =>
        Array.from({ length: 10 }, () => storage.sequences.next('event')),
      );
      if (round === 0) expect(numbers[0]).toBe(1);
      for (const number of numbers) {
        expect(number).toBe(Math.max(last + 1, number));
        last = number;
      }
      expect(storage.sequences.last('event')).toBe(last);
      expect(storage.sequences.last('stream')).toBe(0);
      await storage[Symbol.asyncDispose]();
    }
  });

  test('a number that was used is reserved in the database, however many are taken at once', async () => {
    const storage = await engine.open([first]);
    for (const count of [1, 5000, 100_000]) {
      const id = await storage.transactor.commit((batch) => {
        let number = 0;
        for (let taken = 0; taken < count; taken++) number = storage.sequences.next('row');
        batch.add(insertOne(number));
        return number;
      });
      const row = await storage.reader.first<{ reserved: number }>({
        sql: "SELECT reserved FROM sequences WHERE name = 'row'",
        parameters: [],
      });
      expect(row?.reserved).toBeGreaterThanOrEqual(id);
    }
  });
});
