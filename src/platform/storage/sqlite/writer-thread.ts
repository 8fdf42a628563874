/** The thread that owns the write connection of an SQLite database: fsync blocks here and nowhere else. */
import { openSqlite, type SqliteDatabase } from '#platform/runtime/sqlite.ts';
import { serveWorkerThread } from '#platform/runtime/worker-thread.ts';
import { GroupDecoder } from '../writer/decode-group.ts';
import type { WriterAnswer, WriterRequest } from '../writer/messages.ts';
import { applyGroup } from './apply-group.ts';
import { Housekeeping } from './housekeeping.ts';
import { configureWriter } from './pragmas.ts';
import { TextCache } from './text-cache.ts';

export interface SqliteWriterOptions {
  readonly path: string;
  readonly cacheBytes: number;
}

const decoder = new GroupDecoder();
let database: SqliteDatabase | undefined;
let texts: TextCache | undefined;
let housekeeping: Housekeeping | undefined;

function answer(request: WriterRequest<SqliteWriterOptions>): WriterAnswer {
  if ('open' in request) {
    database = openSqlite(request.open.path);
    configureWriter(database, request.open.cacheBytes);
    texts = new TextCache(database);
    housekeeping = new Housekeeping(database);
    return 0;
  }
  if ('close' in request) {
    housekeeping?.close();
    texts?.clear();
    database?.execute('PRAGMA optimize');
    database?.execute('PRAGMA wal_checkpoint(TRUNCATE)');
    database?.close();
    return 0;
  }
  if (texts === undefined) throw new Error('no database is open');
  return applyGroup(decoder.decode(request), texts);
}

serveWorkerThread<WriterRequest<SqliteWriterOptions>, WriterAnswer>((request, post) => {
  let result: WriterAnswer;
  try {
    result = answer(request);
  } catch (error) {
    result = { fatal: error instanceof Error ? error.message : String(error) };
  }
  post(result);
  if ('close' in request) return;
  try {
    housekeeping?.run();
  } catch {
    // The disk is full or failing: what matters of it, the next commit will tell.
  }
});
