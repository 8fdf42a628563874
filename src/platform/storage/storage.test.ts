import { expect, test } from 'bun:test';
import type { KeyId } from '#protocol/identifiers/index.ts';
import { SignedText, signingKeyFromSeed } from '#protocol/signing/index.ts';
import { failureOf, forEachEngine } from '#test/storage.ts';
import {
  BatchConflict,
  inIntegers,
  inTexts,
  listParameter,
  type Migration,
  statement,
  tables,
  UnstorableText,
} from './index.ts';

const things: Migration = {
  name: '0001-things',
  up: ({ bigint, bigintPrimaryKey, bytes, clustered }) => [
    `CREATE TABLE things (id ${bigintPrimaryKey}, name TEXT NOT NULL UNIQUE, size ${bigint}, body ${bytes})`,
    `CREATE TABLE parts (
  thing ${bigint} NOT NULL REFERENCES things (id) ON DELETE CASCADE,
  number INTEGER NOT NULL,
  PRIMARY KEY (thing, number)
) ${clustered}`,
  ],
};

interface Thing {
  id: number;
  name: string;
  size: number | null;
  body: Uint8Array | null;
}

const insertThing = statement('INSERT INTO things (id, name, size, body) VALUES (?, ?, ?, ?)');
const insertPart = statement('INSERT INTO parts (thing, number) VALUES (?, ?)');
const selectThing = statement<Thing>('SELECT id, name, size, body FROM things WHERE id = ?');
const countThings = statement<{ count: number }>('SELECT COUNT(*) AS count FROM things');
const selectIds = statement<{ id: number }>('SELECT id FROM things ORDER BY id');

forEachEngine('storage', (engine) => {
  const open = () => engine.open([things]);

  test('what a commit wrote can be read when it has resolved', async () => {
    const { reader, transactor } = await open();
    const given = await transactor.commit((batch) => {
      batch.add(insertThing(1, 'one', 2, null));
      return 'built';
    });
    expect(given).toBe('built');
    expect(await reader.first(selectThing(1))).toEqual({ id: 1, name: 'one', size: 2, body: null });
    expect(await reader.first(selectThing(2))).toBeUndefined();
    expect(await reader.all(selectIds())).toEqual([{ id: 1 }]);
    expect(await reader.allHeavy(selectIds())).toEqual([{ id: 1 }]);
  });

  test('a text to be signed is written signed, by whichever key', async () => {
    const { reader, transactor } = await open();
    const keyOf = (seed: number) => signingKeyFromSeed('ed25519:1' as KeyId, Buffer.alloc(32, seed).toString('base64'));
    const [one, other] = [keyOf(1), keyOf(2)];
    const texts = [one, other, one, one].map(
      (key, index) => new SignedText(key, `signed ${index} ü`, `{"${index} ü":"`, '"}'),
    );
    await transactor.commit((batch) => {
      for (const [index, text] of texts.entries()) batch.add(insertThing(index, text, index, Uint8Array.of(index)));
    });
    for (const [index, { text, length }] of texts.entries()) {
      expect(text).toMatch(/^\{"\d ü":"[\w+/]{86}"\}$/);
      expect(text.length).toBe(length);
      expect(await reader.first(selectThing(index))).toEqual({
        id: index,
        name: text,
        size: index,
        body: Uint8Array.of(index),
      });
    }
    const bad = new SignedText(one, 'x', 'a\0b', '');
    const error = await failureOf(transactor.commit((batch) => void batch.add(insertThing(9, bad, 0, null))));
    expect(error).toBeInstanceOf(UnstorableText);
  });

  test('values come back as they went', async () => {
    const { reader, transactor } = await open();
    const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
    const texts = [
      '',
      'plain',
      'it\'s ? "quoted" \\ 100%',
      'ünïcödé 日本語 👩‍👩‍👧 \u{10ffff}',
      'line\nbreak\ttab\r\u0001\u007f\ufeff',
    ];
    const numbers = [0, -1, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 2 ** 31, null];
    await transactor.commit((batch) => {
      for (const [index, text] of texts.entries()) batch.add(insertThing(index, text, index, bytes));
      for (const [index, number] of numbers.entries())
        batch.add(insertThing(100 + index, `${index}`, number, new Uint8Array()));
      batch.add(insertThing(200n, 'big', BigInt(Number.MAX_SAFE_INTEGER), bytes.subarray(3, 5)));
    });
    for (const [index, text] of texts.entries()) {
      expect(await reader.first(selectThing(index))).toEqual({ id: index, name: text, size: index, body: bytes });
    }
    for (const [index, number] of numbers.entries()) {
      const row = await reader.first(selectThing(100 + index));
      expect(row).toEqual({ id: 100 + index, name: `${index}`, size: number, body: new Uint8Array() });
    }
    const big = { id: 200, name: 'big', size: Number.MAX_SAFE_INTEGER, body: Uint8Array.of(3, 4) };
    expect(await reader.first(selectThing(200))).toEqual(big);
    expect(await reader.allHeavy(selectThing(200))).toEqual([big]);
    expect((await reader.first(selectThing(200)))?.body?.constructor).toBe(Uint8Array);
  });

  test('numbers and truth values of expressions are numbers', async () => {
    const { reader, transactor } = await open();
    await transactor.commit((batch) => batch.add(insertThing(1, 'one', 3_000_000_000, null)));
    const row = await reader.first({
      sql: 'SELECT COUNT(*) AS count, SUM(size) AS sum, MAX(size) AS max, SUM(size) > 5 AS large, 1.5 AS half FROM things',
      parameters: [],
    });
    expect(row).toEqual({ count: 1, sum: 3_000_000_000, max: 3_000_000_000, large: 1, half: 1.5 });
  });

  test('text with U+0000 or a lone surrogate is refused as bad input, in writes and reads, and nothing is written', async () => {
    const { reader, transactor } = await open();
    for (const text of ['a\0b', 'a\ud800b']) {
      const refused = transactor.commit((batch) => {
        batch.add(insertThing(1, 'fine', null, null));
        batch.add(insertThing(2, text, null, null));
      });
      expect(await failureOf(refused)).toBeInstanceOf(UnstorableText);
      expect(await failureOf(refused)).toMatchObject({ errcode: 'M_INVALID_PARAM', status: 400 });
      expect(
        await failureOf(reader.all({ sql: 'SELECT id FROM things WHERE name = ?', parameters: [text] })),
      ).toBeInstanceOf(UnstorableText);
    }
    expect(await reader.first(countThings())).toEqual({ count: 0 });
  });

  test('what is no SQL value is refused', async () => {
    const { transactor } = await open();
    for (const value of [undefined, true, Number.NaN, Number.POSITIVE_INFINITY, {}, new Date(0)]) {
      const refused = transactor.commit((batch) => batch.add(insertThing(1, 'x', value as number, null)));
      expect(await failureOf(refused)).toBeInstanceOf(TypeError);
    }
  });

  test('a batch is written as a whole or not at all', async () => {
    const { reader, transactor } = await open();
    const conflict = await transactor
      .commit((batch) => {
        batch.add(insertThing(1, 'one', null, null));
        batch.add(insertThing(2, 'two', null, null));
        batch.add(insertThing(3, 'one', null, null));
        batch.add(insertThing(4, 'four', null, null));
      })
      .catch((error: unknown) => error);
    expect(conflict).toBeInstanceOf(BatchConflict);
    expect((conflict as BatchConflict).statement).toBe(2);
    expect(await reader.first(countThings())).toEqual({ count: 0 });
  });

  test('a foreign key without its row is a conflict, and so is a second row with the same primary key', async () => {
    const { transactor } = await open();
    const orphan = transactor.commit((batch) => batch.add(insertPart(9, 1)));
    expect(await failureOf(orphan)).toBeInstanceOf(BatchConflict);
    await transactor.commit((batch) => batch.add(insertThing(1, 'one', null, null)));
    const second = transactor.commit((batch) => batch.add(insertThing(1, 'another', null, null)));
    expect(await failureOf(second)).toBeInstanceOf(BatchConflict);
  });

  test('a mistake in the SQL is an error, but no conflict, and names the text', async () => {
    const { reader, transactor } = await open();
    const sql = 'INSERT INTO no_such_table (id) VALUES (?)';
    const failed = await transactor
      .commit((batch) => batch.add({ sql, parameters: [1] }))
      .catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(Error);
    expect(failed).not.toBeInstanceOf(BatchConflict);
    expect((failed as Error).message).toContain(sql);
    const missing = transactor.commit((batch) =>
      batch.add({ sql: 'INSERT INTO things (name) VALUES (?)', parameters: [null] }),
    );
    expect(await failureOf(missing)).not.toBeInstanceOf(BatchConflict);
    expect(await failureOf(reader.all({ sql: 'SELECT nothing FROM things', parameters: [] }))).toHaveProperty(
      'message',
      expect.stringContaining('nothing'),
    );
    expect(await failureOf(reader.allHeavy({ sql: 'SELECT nothing FROM things', parameters: [] }))).toHaveProperty(
      'message',
      expect.stringContaining('nothing'),
    );
    await transactor.commit((batch) => batch.add(insertThing(1, 'afterwards', null, null)));
    expect(await reader.first(countThings())).toEqual({ count: 1 });
  });

  test('of a group, only the failing batches fail', async () => {
    const { reader, transactor } = await open();
    const outcomes = await Promise.allSettled(
      Array.from({ length: 40 }, (_, index) =>
        transactor.commit((batch) => {
          batch.add(insertThing(index, `thing ${index}`, null, null));
          if (index % 10 === 3) batch.add(insertThing(1000 + index, 'thing 0', null, null));
          if (index % 10 === 5) batch.add(insertPart(9999, 1));
          if (index % 10 === 7) batch.add(statement('UPDATE things SET size = 1 WHERE id = ?')(-1), 1);
          return index;
        }),
      ),
    );
    const failing = [3, 5, 7];
    for (const [index, outcome] of outcomes.entries()) {
      if (failing.includes(index % 10)) expect((outcome as PromiseRejectedResult).reason).toBeInstanceOf(BatchConflict);
      else expect(outcome).toEqual({ status: 'fulfilled', value: index });
    }
    const ids = (await reader.all(selectIds())).map((row) => row.id);
    expect(ids).toEqual(
      Array.from({ length: 40 }, (_, index) => index).filter((index) => !failing.includes(index % 10)),
    );
  });

  test('batches are applied in the order in which they were committed', async () => {
    const { reader, transactor } = await open();
    await transactor.commit((batch) => batch.add(insertThing(1, 'start', 0, null)));
    const order: number[] = [];
    const step = statement<{ size: number }>(
      'UPDATE things SET size = size * 2 + ? WHERE id = 1 AND size < 1000000 RETURNING size',
    );
    await Promise.all(
      Array.from({ length: 15 }, async (_, index) => {
        await transactor.commit((batch) => batch.add(step(index % 2)));
        order.push(index);
      }),
    );
    expect(order).toEqual(Array.from({ length: 15 }, (_, index) => index));
    expect((await reader.first(selectThing(1)))?.size).toBe(0b010101010101010);
  });

  test('expectRows counts the rows changed, not those that foreign keys took along', async () => {
    const { reader, transactor } = await open();
    await transactor.commit((batch) => {
      batch.add(insertThing(1, 'one', null, null), 1);
      for (let number = 0; number < 5; number++) batch.add(insertPart(1, number), 1);
    });
    const remove = statement('DELETE FROM things WHERE id = ?');
    expect(await failureOf(transactor.commit((batch) => batch.add(remove(1), 6)))).toBeInstanceOf(BatchConflict);
    expect(await failureOf(transactor.commit((batch) => batch.add(remove(2), 1)))).toBeInstanceOf(BatchConflict);
    expect(await reader.first(countThings())).toEqual({ count: 1 });
    await transactor.commit((batch) => batch.add(remove(1), 1));
    await transactor.commit((batch) => batch.add(remove(1), 0));
    expect(await reader.first(countThings())).toEqual({ count: 0 });
  });

  test('expectRows fails a statement that ON CONFLICT turned into nothing, and says which', async () => {
    const { transactor } = await open();
    const once = statement('INSERT INTO things (id, name) VALUES (?, ?) ON CONFLICT DO NOTHING');
    await transactor.commit((batch) => batch.add(once(1, 'one'), 1));
    await transactor.commit((batch) => batch.add(once(1, 'one')));
    const again = transactor.commit((batch) => {
      batch.add(once(2, 'two'), 1);
      batch.add(once(3, 'one'), 1);
    });
    expect(await failureOf(again)).toMatchObject({ name: 'BatchConflict', statement: 1 });
  });

  test('expectRows counts the rows of a SELECT, so that a batch can state what it has read', async () => {
    const { transactor } = await open();
    await transactor.commit((batch) => batch.add(insertThing(1, 'one', 5, null)));
    const premise = statement('SELECT 1 FROM things WHERE id = ? AND size = ?');
    const holds = transactor.commit((batch) => {
      batch.add(premise(1, 5), 1);
      batch.add(insertThing(2, 'two', null, null));
    });
    await holds;
    const broken = transactor.commit((batch) => {
      batch.add(premise(1, 6), 1);
      batch.add(insertThing(3, 'three', null, null));
    });
    expect(await failureOf(broken)).toBeInstanceOf(BatchConflict);
  });

  test('RETURNING rows stand in the result of their own statement', async () => {
    const { transactor } = await open();
    const insert = statement<{ id: number; name: string }>(
      'INSERT INTO things (id, name) VALUES (?, ?) RETURNING id, name',
    );
    const commits = Array.from({ length: 30 }, (_, index) =>
      transactor.commit((batch) => {
        batch.add(insertThing(1000 + index, `silent ${index}`, null, null));
        const first = batch.add(insert(index, `loud ${index}`), 1);
        const none = batch.add(statement('UPDATE things SET size = 1 WHERE id = -1 RETURNING id')());
        if (index === 7) batch.add(insertPart(12_345, 1));
        return { first, none };
      }),
    );
    for (const [index, commit] of commits.entries()) {
      if (index === 7) {
        expect(await failureOf(commit)).toBeInstanceOf(BatchConflict);
        continue;
      }
      const { first, none } = await commit;
      expect(first.rows).toEqual([{ id: index, name: `loud ${index}` }]);
      expect(none.rows).toEqual([]);
    }
  });

  test('a batch of 10,000 statements is one transaction', async () => {
    const { reader, transactor } = await open();
    const fill = (last: number) =>
      transactor.commit((batch) => {
        for (let id = 1; id < 10_000; id++) batch.add(insertThing(id, `thing ${id}`, id, null), 1);
        batch.add(insertThing(last, 'last', null, null));
      });
    expect(await failureOf(fill(1))).toMatchObject({ name: 'BatchConflict', statement: 9999 });
    expect(await reader.first(countThings())).toEqual({ count: 0 });
    await fill(10_000);
    expect(await reader.first(countThings())).toEqual({ count: 10_000 });
  });

  test('more texts than are kept prepared still run, and in order', async () => {
    const { reader, transactor } = await open();
    await transactor.commit((batch) => batch.add(insertThing(0, 'counter', 0, null)));
    for (let round = 0; round < 5; round++) {
      await transactor.commit((batch) => {
        for (let index = 0; index < 1000; index++) {
          const text = `UPDATE things SET size = size + 1 /* ${round}.${index} ? */ WHERE id = ?`;
          batch.add({ sql: text, parameters: [0] }, 1);
        }
      });
    }
    expect((await reader.first(selectThing(0)))?.size).toBe(5000);
    for (let index = 0; index < 3000; index++) {
      const sql = `SELECT ${index} AS n, size FROM things WHERE id = ?`;
      expect(await reader.first<{ n: number }>({ sql, parameters: [0] })).toEqual({ n: index, size: 5000 } as {
        n: number;
      });
    }
  });

  test('a builder runs as a statement does', async () => {
    const { reader, transactor } = await open();
    const database = tables<{ things: Thing }>();
    await transactor.commit((batch) => {
      batch.add(database.insertInto('things').values({ id: 1, name: 'one', size: 1, body: null }), 1);
      batch.add(database.insertInto('things').values({ id: 2, name: 'two', size: 2, body: null }), 1);
    });
    const query = database
      .selectFrom('things')
      .select(['id', 'name'])
      .where('size', '>', 1)
      .where('name', 'in', ['one', 'two']);
    expect(await reader.all(query)).toEqual([{ id: 2, name: 'two' }]);
    const changed = await transactor.commit((batch) =>
      batch.add(database.updateTable('things').set({ size: 7 }).where('id', '=', 1).returning(['id', 'size']), 1),
    );
    expect(changed.rows).toEqual([{ id: 1, size: 7 }]);
  });

  test('a list is one parameter, whatever its length and content', async () => {
    const { reader, transactor } = await open();
    const names = ['plain', 'with "quotes"', "it's", '日本', 'back\\slash', ''];
    await transactor.commit((batch) => {
      for (const [index, name] of names.entries()) batch.add(insertThing(index, name, null, null));
    });
    const byIds = statement<{ id: number }>(
      `SELECT id FROM things WHERE ${inIntegers(reader.dialect, 'id')} ORDER BY id`,
    );
    const byNames = statement<{ id: number }>(
      `SELECT id FROM things WHERE ${inTexts(reader.dialect, 'name')} ORDER BY id`,
    );
    expect(await reader.all(byIds(listParameter([4, 1, 99])))).toEqual([{ id: 1 }, { id: 4 }]);
    expect(await reader.all(byIds(listParameter([])))).toEqual([]);
    expect((await reader.all(byNames(listParameter(names)))).length).toBe(names.length);
    expect(await reader.all(byNames(listParameter(['none', '日本'])))).toEqual([{ id: 3 }]);
  });

  test('a build that throws writes nothing and leaves the others alone', async () => {
    const { reader, transactor } = await open();
    const before = transactor.commit((batch) => batch.add(insertThing(1, 'one', null, null)));
    const thrown = transactor.commit((batch) => {
      batch.add(insertThing(2, 'two', null, null));
      throw new Error('changed my mind');
    });
    expect(await failureOf(thrown)).toHaveProperty('message', expect.stringContaining('changed my mind'));
    await before;
    expect(await reader.all(selectIds())).toEqual([{ id: 1 }]);
  });

  test('a statement added after build has returned is an error', async () => {
    const { transactor } = await open();
    const kept = await transactor.commit((batch) => batch);
    expect(() => kept.add(insertThing(1, 'late', null, null))).toThrow('synchronous');
  });

  test('closing writes what waits, and refuses what comes after', async () => {
    const config = await engine.newDatabase();
    const storage = await engine.reopen(config, { migrations: [things] });
    const waiting = Array.from({ length: 100 }, (_, index) =>
      storage.transactor.commit((batch) => batch.add(insertThing(index, `${index}`, null, null))),
    );
    const closed = storage[Symbol.asyncDispose]();
    expect(
      await failureOf(storage.transactor.commit((batch) => batch.add(insertThing(999, 'late', null, null)))),
    ).toHaveProperty('message', expect.stringContaining('closed'));
    await Promise.all(waiting);
    await closed;
    expect(await failureOf(storage.reader.all(countThings()))).toHaveProperty(
      'message',
      expect.stringContaining('closed'),
    );
    const again = await engine.reopen(config, { migrations: [things] });
    expect(await again.reader.first(countThings())).toEqual({ count: 100 });
  });

  test('each group is observed', async () => {
    let seen = { batches: 0, statements: 0, failed: 0 };
    const storage = await engine.reopen(await engine.newDatabase(), {
      migrations: [things],
      onGroup: (group) => {
        seen = {
          batches: seen.batches + group.batches,
          statements: seen.statements + group.statements,
          failed: seen.failed + group.failed,
        };
        expect(group.durationMs).toBeGreaterThan(0);
      },
    });
    seen = { batches: 0, statements: 0, failed: 0 };
    const commits = Array.from({ length: 5 }, (_, index) =>
      storage.transactor.commit((batch) => {
        batch.add(insertThing(index, `${index % 4}`, null, null));
        batch.add(insertPart(index, 1));
      }),
    );
    await Promise.allSettled(commits);
    expect(seen).toEqual({ batches: 5, statements: 10, failed: 1 });
  });

  test('the size on disk grows with what is stored', async () => {
    const storage = await open();
    const before = await storage.sizeBytes();
    await storage.transactor.commit((batch) => {
      for (let id = 0; id < 1000; id++)
        batch.add(insertThing(id, `${id}`, null, crypto.getRandomValues(new Uint8Array(1000))));
    });
    expect(await storage.sizeBytes()).toBeGreaterThan(before + 500_000);
  });
});
