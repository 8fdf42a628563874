import { basename } from 'node:path';
import postgres from 'postgres';
import { startPostgres } from '../../test/postgres.ts';
import { findProcess } from '../measure/usage.ts';

/** A database of one server under measurement, on the PostgreSQL server that this run shares. */
export interface BenchDatabase {
  readonly url: URL;
  /** The PostgreSQL server: its children, the connections, count as its own. */
  readonly pid: number;
  sizeBytes(): Promise<number>;
}

let shared: Promise<{ readonly url: string; readonly pid: number }> | undefined;

/** The PostgreSQL server with its safe settings as they come: every commit is on disk. It ends with this process. */
function server(): Promise<{ readonly url: string; readonly pid: number }> {
  shared ??= (async () => {
    const { url } = await startPostgres({ fsync: true });
    const pid = findProcess('-p', new URL(url).port, '-c');
    if (pid === undefined) throw new Error('the PostgreSQL server is not among the processes');
    return { url, pid };
  })();
  return shared;
}

/** The database of the server whose folder this is; made at the first call. */
export async function databaseOf(folder: string): Promise<BenchDatabase> {
  const { url, pid } = await server();
  const name = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '_');
  const [found] = await admin((sql) => sql`select 1 from pg_database where datname = ${name}`);
  if (found === undefined) {
    await admin((sql) =>
      sql.unsafe(`create database ${name} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'`),
    );
  }
  const own = new URL(url);
  own.pathname = `/${name}`;
  return {
    url: own,
    pid,
    async sizeBytes() {
      await admin((sql) => sql.unsafe('checkpoint'));
      const [row] = await admin((sql) => sql`select pg_database_size(${name}) as size`);
      return Number(row?.size ?? 0);
    },
  };
}

/** Removes the database of a folder, if it has one. */
export async function dropDatabaseOf(folder: string): Promise<void> {
  if (shared === undefined) return;
  const name = basename(folder)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/g, '_');
  await admin((sql) => sql.unsafe(`drop database if exists ${name} with (force)`));
}

async function admin<T>(task: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres((await server()).url, { max: 1, onnotice: () => undefined });
  try {
    return await task(sql);
  } finally {
    await sql.end();
  }
}
