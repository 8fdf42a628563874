import type { Clock } from '#platform/clock/index.ts';
import type { Engine, EngineHooks } from './engine.ts';
import { GroupCommit, type GroupObservation } from './group-commit.ts';
import { migrate } from './migrator.ts';
import type { Migration, Storage } from './ports.ts';
import type { PostgresConfig } from './postgres/connection-options.ts';
import { ReservedSequences } from './sequences.ts';
import { openSqliteEngine, type SqliteConfig } from './sqlite/open-sqlite.ts';
import { WriteCheck } from './write-check.ts';

export type StorageConfig = SqliteConfig | PostgresConfig;

export interface StorageLog {
  info(event: string, fields: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields: Readonly<Record<string, unknown>>): void;
  error(event: string, fields: Readonly<Record<string, unknown>>): void;
}

export interface StorageOptions {
  /** All steps of the schema, oldest first. */
  readonly migrations: readonly Migration[];
  /** The lowest number of steps that a server must know to use a database with all of `migrations`; 0 by default. */
  readonly lowestCompatible?: number;
  readonly clock: Clock;
  readonly log?: StorageLog;
  /** Told of each group of batches written. */
  readonly onGroup?: (group: GroupObservation) => void;
}

const SILENT: StorageLog = { info: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * Opens the database and brings its schema up to date. Throws, with a message for the operator, when it is in use by
 * another server, unreachable, unsuitable, or of a schema newer than this server can use.
 */
export async function openStorage(config: StorageConfig, options: StorageOptions): Promise<Storage> {
  const log = options.log ?? SILENT;
  let commits: GroupCommit | undefined;
  const engine = await openEngine(config, {
    onBroken(error) {
      log.error('storage_broken', { error: error.message });
      commits?.break(error);
    },
    warn: (event, fields) => log.warn(event, fields),
  });
  try {
    commits = new GroupCommit(engine.writer, options.clock, options.onGroup ?? (() => undefined));
    await migrate(engine.reader, commits, { ...options, log });
    const sequences = await ReservedSequences.load(engine.reader, commits);
    return assemble(engine, commits, sequences, new WriteCheck(commits, options.clock));
  } catch (error) {
    await engine.close();
    throw error;
  }
}

async function openEngine(config: StorageConfig, hooks: EngineHooks): Promise<Engine> {
  if (config.engine === 'sqlite') return openSqliteEngine(config, hooks);
  // The driver is not loaded where it is not used.
  const { openPostgresEngine } = await import('./postgres/open-postgres.ts');
  return openPostgresEngine(config, hooks);
}

function assemble(engine: Engine, commits: GroupCommit, sequences: ReservedSequences, writeCheck: WriteCheck): Storage {
  let closing: Promise<void> | undefined;
  return {
    reader: engine.reader,
    transactor: commits,
    sequences,
    sizeBytes: () => engine.sizeBytes(),
    checkWrite: () => writeCheck.check(),
    [Symbol.asyncDispose]() {
      closing ??= commits.close().then(() => engine.close());
      return closing;
    },
  };
}
