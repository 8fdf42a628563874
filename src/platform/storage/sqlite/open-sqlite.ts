import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Engine, EngineHooks } from '../engine.ts';
import { ThreadWriter } from '../writer/thread-writer.ts';
import { lockDatabase } from './data-lock.ts';
import { SqliteReader } from './sqlite-reader.ts';
import type { SqliteWriterOptions } from './writer-thread.ts';

export interface SqliteConfig {
  readonly engine: 'sqlite';
  /** The database's file; its folder is made when missing. Beside it live `-wal`, `-shm` and `.lock`. */
  readonly path: string;
  /** Memory for pages, over all connections; 64 MiB by default. */
  readonly cacheBytes?: number;
}

const CACHE_BYTES = 64 * 1024 * 1024;

/** Opens the database for this process alone; throws when another server uses it. */
export async function openSqliteEngine(config: SqliteConfig, hooks: EngineHooks): Promise<Engine> {
  const cacheBytes = config.cacheBytes ?? CACHE_BYTES;
  await mkdir(dirname(config.path), { recursive: true });
  const unlock = lockDatabase(config.path);
  const writer = new ThreadWriter<SqliteWriterOptions>(
    new URL('./writer-thread.ts', import.meta.url),
    'sqlite',
    hooks.onBroken,
  );
  try {
    await writer.open({ path: config.path, cacheBytes: cacheBytes / 2 });
    const reader = new SqliteReader(config.path, cacheBytes / 4);
    return {
      reader,
      writer,
      sizeBytes: async () => (await fileBytes(config.path)) + (await fileBytes(`${config.path}-wal`)),
      async close() {
        try {
          await reader.close();
          await writer.close();
        } finally {
          unlock();
        }
      },
    };
  } catch (error) {
    await writer.close().catch(() => undefined);
    unlock();
    throw error;
  }
}

async function fileBytes(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
}
