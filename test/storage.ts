/** Runs tests of storage on every engine. */
import { afterAll, afterEach, describe } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { systemClock } from '#platform/clock/index.ts';
import {
  type DialectName,
  type Migration,
  openStorage,
  type Storage,
  type StorageConfig,
  type StorageOptions,
} from '#platform/storage/index.ts';
import { migrations as allMigrations } from '../migrations/index.ts';
import { testPostgres } from './postgres.ts';

export interface TestEngine {
  readonly dialect: DialectName;
  /**
   * A new database with the whole schema, or with `migrations` alone. Closed after the test, if the test has not.
   */
  open(migrations?: readonly Migration[]): Promise<Storage>;
  /** A new, empty database, to be opened with `reopen`, more than once if need be. */
  newDatabase(): Promise<StorageConfig>;
  /** Opens what `newDatabase` made. Closed after the test, if the test has not. */
  reopen(config: StorageConfig, options?: Partial<StorageOptions>): Promise<Storage>;
}

/** Describes `name` once for each engine; `tests` registers the tests. */
export function forEachEngine(name: string, tests: (engine: TestEngine) => void): void {
  describe(`${name} (SQLite)`, () => tests(testEngine('sqlite', sqliteDatabases())));
  describe(`${name} (PostgreSQL)`, () => tests(testEngine('postgres', postgresDatabases())));
}

/**
 * What `promise` is rejected with; throws if it is not. Bun's own `expect(promise).rejects` stops the event loop until
 * then, and is up to a second late to notice.
 */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`did not fail, but gave ${JSON.stringify(value)}`);
}

interface Databases {
  empty(): Promise<StorageConfig>;
  /** A database that has the whole schema already, made from a template. */
  full(): Promise<StorageConfig>;
}

function testEngine(dialect: DialectName, databases: Databases): TestEngine {
  const open = new Set<Storage>();
  afterEach(async () => {
    for (const storage of open) await storage[Symbol.asyncDispose]();
    open.clear();
  });
  const reopen: TestEngine['reopen'] = async (config, options = {}) => {
    const storage = await openStorage(config, { clock: systemClock, migrations: allMigrations, ...options });
    open.add(storage);
    return storage;
  };
  return {
    dialect,
    reopen,
    newDatabase: () => databases.empty(),
    async open(migrations) {
      if (migrations === undefined) return reopen(await databases.full());
      return reopen(await databases.empty(), { migrations });
    },
  };
}

function sqliteDatabases(): Databases {
  let folder: string | undefined;
  let count = 0;
  afterAll(() => {
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  });
  const empty = async (): Promise<StorageConfig> => {
    folder ??= mkdtempSync(join(tmpdir(), 'myelin-sqlite-'));
    return { engine: 'sqlite', path: join(folder, `${++count}.db`), cacheBytes: 4 * 1024 * 1024 };
  };
  // Making the schema is as fast as copying it.
  return { empty, full: empty };
}

let databaseCount = 0;
let template: Promise<string> | undefined;

function postgresDatabases(): Databases {
  const made: string[] = [];
  afterAll(async () => {
    // A server of our own goes with all its databases.
    if (process.env.MYELIN_TEST_POSTGRES === undefined) return;
    for (const name of made) await administer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  });
  const create = async (from: string): Promise<StorageConfig> => {
    const name = `myelin_test_${process.pid}_${++databaseCount}`;
    await administer(`CREATE DATABASE ${name} TEMPLATE ${from} ENCODING 'UTF8' LOCALE 'C'`);
    made.push(name);
    return databaseConfig(name);
  };
  return {
    empty: () => create('template0'),
    async full() {
      template ??= makeTemplate(await create('template0'));
      return create(await template);
    },
  };
}

async function makeTemplate(config: StorageConfig): Promise<string> {
  const storage = await openStorage(config, { clock: systemClock, migrations: allMigrations });
  await storage[Symbol.asyncDispose]();
  return config.engine === 'postgres' ? (config.database ?? '') : '';
}

async function databaseConfig(database: string): Promise<StorageConfig> {
  return { ...(await testPostgres()), database, cp_max: 3 };
}

/** Databases are made one at a time: a template must not be in use. */
let administration: Promise<unknown> = Promise.resolve();

/** Runs a statement as the server's administrator. */
export function administer(sql: string): Promise<unknown> {
  administration = administration
    .catch(() => undefined)
    .then(async () => {
      const connection = postgres((await testPostgres()).url, { max: 1, onnotice: () => undefined });
      try {
        await connection.unsafe(sql);
      } finally {
        await connection.end();
      }
    });
  return administration;
}
