import { openSqlite, type SqliteDatabase } from '#platform/runtime/sqlite.ts';
import { startWorkerThread, type WorkerThread } from '#platform/runtime/worker-thread.ts';
import type { Query, Reader } from '../ports.ts';
import { toReadStatement } from '../values.ts';
import type { CloseReader, HeavyAnswer, HeavyRead, OpenReader } from './heavy-read.ts';
import { configureReader } from './pragmas.ts';
import { PreparedCache } from './prepared-cache.ts';

/** Point reads on the calling thread, which is faster than asking another; heavy ones on a thread started at first use. */
export class SqliteReader implements Reader {
  readonly dialect = 'sqlite';
  readonly #path: string;
  readonly #cacheBytes: number;
  readonly #database: SqliteDatabase;
  readonly #prepared: PreparedCache;
  #heavy: HeavyReader | undefined;
  #closed = false;

  constructor(path: string, cacheBytes: number) {
    this.#path = path;
    this.#cacheBytes = cacheBytes;
    this.#database = openSqlite(path, { readOnly: true });
    configureReader(this.#database, cacheBytes);
    this.#prepared = new PreparedCache(this.#database);
  }

  async all<Row>(query: Query<Row>): Promise<Row[]> {
    const { sql, parameters } = toReadStatement(query);
    this.#assertOpen();
    return this.#prepared.get(sql).all(parameters) as Row[];
  }

  async first<Row>(query: Query<Row>): Promise<Row | undefined> {
    const { sql, parameters } = toReadStatement(query);
    this.#assertOpen();
    return this.#prepared.get(sql).first(parameters) as Row | undefined;
  }

  async allHeavy<Row>(query: Query<Row>): Promise<Row[]> {
    const { sql, parameters } = toReadStatement(query);
    this.#assertOpen();
    this.#heavy ??= new HeavyReader(this.#path, this.#cacheBytes);
    return (await this.#heavy.read({ sql, parameters })) as Row[];
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#heavy?.close();
    this.#prepared.clear();
    this.#database.close();
  }

  #assertOpen(): void {
    if (this.#closed) throw new Error('the storage is closed');
  }
}

class HeavyReader {
  readonly #thread: WorkerThread<OpenReader | CloseReader | HeavyRead, HeavyAnswer>;
  /** Answers come in the order of the requests. */
  readonly #waiting: PromiseWithResolvers<unknown[]>[] = [];
  #dead: Error | undefined;

  constructor(path: string, cacheBytes: number) {
    this.#thread = startWorkerThread(new URL('./reader-thread.ts', import.meta.url), 'sqlite-reader');
    this.#thread.onMessage = (answer) => {
      const waiter = this.#waiting.shift();
      if ('error' in answer) waiter?.reject(new Error(`SQLite: ${answer.error}`));
      else waiter?.resolve(answer.rows);
    };
    this.#thread.onError = (error) => {
      this.#dead = error;
      for (const waiter of this.#waiting.splice(0)) waiter.reject(error);
    };
    // Were it to fail, the reads after it would say so.
    void this.#ask({ open: { path, cacheBytes } }).catch(() => undefined);
  }

  read(request: HeavyRead): Promise<unknown[]> {
    return this.#ask(request);
  }

  async close(): Promise<void> {
    try {
      if (this.#dead === undefined) await this.#ask({ close: true });
    } finally {
      this.#thread.terminate();
    }
  }

  #ask(request: OpenReader | CloseReader | HeavyRead): Promise<unknown[]> {
    if (this.#dead !== undefined) return Promise.reject(this.#dead);
    const waiter = Promise.withResolvers<unknown[]>();
    this.#waiting.push(waiter);
    this.#thread.post(request);
    return waiter.promise;
  }
}
