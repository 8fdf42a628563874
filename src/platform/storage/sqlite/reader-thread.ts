/** The thread for reads that may take long. */
import { openSqlite, type SqliteDatabase } from '#platform/runtime/sqlite.ts';
import { serveWorkerThread } from '#platform/runtime/worker-thread.ts';
import type { CloseReader, HeavyAnswer, HeavyRead, OpenReader } from './heavy-read.ts';
import { configureReader } from './pragmas.ts';
import { PreparedCache } from './prepared-cache.ts';

let database: SqliteDatabase | undefined;
let prepared: PreparedCache | undefined;

function answer(request: OpenReader | CloseReader | HeavyRead): HeavyAnswer {
  if ('open' in request) {
    database = openSqlite(request.open.path, { readOnly: true });
    configureReader(database, request.open.cacheBytes);
    prepared = new PreparedCache(database);
    return { rows: [] };
  }
  if ('close' in request) {
    prepared?.clear();
    database?.close();
    return { rows: [] };
  }
  if (prepared === undefined) throw new Error('no database is open');
  return { rows: prepared.get(request.sql).all(request.parameters) };
}

serveWorkerThread<OpenReader | CloseReader | HeavyRead, HeavyAnswer>((request, post) => {
  try {
    post(answer(request));
  } catch (error) {
    post({ error: error instanceof Error ? error.message : String(error) });
  }
});
