import type { Engine, EngineHooks } from '../engine.ts';
import { statement } from '../tables.ts';
import { ThreadWriter } from '../writer/thread-writer.ts';
import type { PostgresConfig } from './connection-options.ts';
import { PostgresReader } from './postgres-reader.ts';

const databaseSize = statement<{ bytes: number }>('SELECT pg_database_size(current_database()) AS bytes');

/** Opens the database for this server alone; throws when it is unreachable, unsuitable, or used by another server. */
export async function openPostgresEngine(config: PostgresConfig, hooks: EngineHooks): Promise<Engine> {
  const writer = new ThreadWriter<PostgresConfig>(
    new URL('./writer-thread.ts', import.meta.url),
    'postgres',
    hooks.onBroken,
  );
  try {
    await writer.open(config);
  } catch (error) {
    await writer.close().catch(() => undefined);
    throw error;
  }
  const reader = new PostgresReader(config);
  return {
    reader,
    writer,
    sizeBytes: async () => (await reader.first(databaseSize()))?.bytes ?? 0,
    async close() {
      await reader.close();
      await writer.close();
    },
  };
}
