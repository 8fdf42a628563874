import { expect, test } from 'bun:test';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { administer, failureOf, forEachEngine } from '#test/storage.ts';
import { batches } from './durability.schema.ts';
import { type Storage, type StorageConfig, statement } from './index.ts';

const PROGRAM = fileURLToPath(new URL('./durability.program.ts', import.meta.url));
const ROUNDS = 4;

const selectParts = statement<{ id: number; parts: number }>('SELECT id, COUNT(*) AS parts FROM batches GROUP BY id');

type Child = ChildProcessByStdio<null, Readable, null>;

/** A server in a process of its own, and what it has said. */
class Server {
  output = '';
  readonly #child: Child;
  readonly #ended: Promise<void>;

  /** `limits` is a shell command that runs first. */
  constructor(config: StorageConfig, limits = ':') {
    const command = `${limits}; exec "$0" "$@"`;
    this.#child = spawn('/bin/sh', ['-c', command, process.execPath, PROGRAM, JSON.stringify(config)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#child.stdout.on('data', (chunk: Buffer) => {
      this.output += chunk.toString();
    });
    this.#ended = new Promise((resolve) => this.#child.on('close', () => resolve()));
  }

  /** Waits until the output has this many lines of a kind. */
  async said(kind: string, count: number): Promise<void> {
    while (this.lines(kind).length < count) {
      if (this.#child.exitCode !== null) throw new Error(`the server ended: ${this.output}`);
      await Bun.sleep(2);
    }
  }

  lines(kind: string): string[] {
    // The last line may be incomplete.
    const complete = this.output.slice(0, this.output.lastIndexOf('\n'));
    return complete.split('\n').filter((line) => line.startsWith(kind));
  }

  acknowledged(): number[] {
    return this.lines('done ').map((line) => Number(line.slice('done '.length)));
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}

async function expectWhole(storage: Storage, acknowledged: readonly number[]): Promise<void> {
  const stored = new Map<number, number>();
  for (const { id, parts } of await storage.reader.all(selectParts())) {
    expect(parts).toBe(4);
    stored.set(id, parts);
  }
  expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
}

forEachEngine('a server killed under load', (engine) => {
  test('has lost no acknowledged batch, kept no half of one, and used no number twice', async () => {
    const config = await engine.newDatabase();
    const acknowledged: number[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      const server = new Server(config);
      await server.said('done', 40 * round);
      await server.kill();
      acknowledged.push(...server.acknowledged());
    }
    expect(acknowledged.length).toBeGreaterThanOrEqual(400);
    expect(new Set(acknowledged).size).toBe(acknowledged.length);
    await expectWhole(await reopenWhenFree(), acknowledged);

    /** The database server may need a moment to notice that its client is gone. */
    async function reopenWhenFree(): Promise<Storage> {
      for (let attempt = 0; ; attempt++) {
        try {
          return await engine.reopen(config, { migrations: [batches] });
        } catch (error) {
          if (attempt > 100) throw error;
          await Bun.sleep(20);
        }
      }
    }
  });

  test('holds its database alone while it lives, also against other processes', async () => {
    const config = await engine.newDatabase();
    const server = new Server(config);
    await server.said('done', 1);
    const refused = await failureOf(engine.reopen(config, { migrations: [batches] }));
    expect(refused).toHaveProperty('message', expect.stringContaining('in use'));
    await server.kill();
  });

  if (engine.dialect === 'sqlite') {
    test('tells every writer when the disk is full, and has kept what it acknowledged before', async () => {
      const config = await engine.newDatabase();
      // Files end at this many blocks of 512 bytes, as if the disk did.
      const server = new Server(config, "trap '' XFSZ; ulimit -f 8000");
      await server.said('done', 100);
      await server.said('failed', 20);
      const acknowledged = server.acknowledged();
      await server.kill();
      await expectWhole(await engine.reopen(config, { migrations: [batches] }), acknowledged);
    });
  }

  if (engine.dialect === 'postgres') {
    test('goes on by itself when its connections were cut', async () => {
      const config = await engine.newDatabase();
      const database = config.engine === 'postgres' ? config.database : '';
      const server = new Server(config);
      for (let round = 1; round <= 3; round++) {
        await server.said('done', server.lines('done').length + 20);
        await administer(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}' AND pid <> pg_backend_pid()`,
        );
      }
      await server.said('failed', 1);
      await server.said('done', server.lines('done').length + 20);
      const acknowledged = server.acknowledged();
      await server.kill();
      await Bun.sleep(200);
      await expectWhole(await engine.reopen(config, { migrations: [batches] }), acknowledged);
    });

    test('reads again when its reading connections were cut', async () => {
      const config = await engine.newDatabase();
      const storage = await engine.reopen(config, { migrations: [batches] });
      expect(await storage.reader.all(selectParts())).toEqual([]);
      const database = config.engine === 'postgres' ? config.database : '';
      await administer(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '${database}' AND pid <> pg_backend_pid()`,
      );
      expect(await storage.reader.all(selectParts())).toEqual([]);
      expect(await storage.reader.allHeavy(selectParts())).toEqual([]);
    });
  }
});
