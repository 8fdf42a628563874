import type { Clock, Timer } from '#platform/clock/index.ts';
import type { Log } from '#platform/log/index.ts';
import type { Transactor } from '#platform/storage/ports.ts';
import type { AccessTimes } from './access-times.ts';
import type { Deletion } from './deletion.ts';
import type { MediaStore } from './media-store.ts';
import type { MediaFiles } from './ports.ts';

const FLUSH_EVERY_MS = 60_000;
const TIDY_EVERY_MS = 3_600_000;
/** A lapsed id answers as long as before that it has lapsed. */
const KEEP_EXPIRED_MS = 24 * 3_600_000;

interface MaintenanceDeps {
  readonly store: MediaStore;
  readonly transactor: Transactor;
  readonly files: MediaFiles;
  readonly accessTimes: AccessTimes;
  readonly deletion: Deletion;
  readonly clock: Clock;
  readonly log: Log;
  /** How long media are kept that nobody asks for; `undefined`: for ever. */
  readonly lifetimeMs: number | undefined;
}

/** What is done in the background: access times, lapsed ids, abandoned files, retention. */
export class Maintenance {
  constructor(private readonly deps: MaintenanceDeps) {}

  /** Runs until disposed of; what was collected is then written. */
  start(): AsyncDisposable {
    const flushing = this.#every(FLUSH_EVERY_MS, 'media.flush_failed', () => this.deps.accessTimes.flush());
    const tidying = this.#every(TIDY_EVERY_MS, 'media.tidy_failed', () => this.tidy());
    return {
      [Symbol.asyncDispose]: async () => {
        await Promise.all([flushing(), tidying()]);
        await this.deps.accessTimes.flush();
      },
    };
  }

  /** One round of what is done each hour. */
  async tidy(): Promise<void> {
    const { store, transactor, files, deletion, clock, log, lifetimeMs } = this.deps;
    await transactor.commit((batch) => batch.add(store.removeExpired(clock.now() - KEEP_EXPIRED_MS)));
    await files.sweep();
    if (lifetimeMs === undefined) return;
    const beforeMs = clock.now() - lifetimeMs;
    const deleted = await deletion.deleteOld({ beforeMs, largerThanBytes: -1, keepAvatars: true });
    if (deleted.length > 0) log.info('media.retention', { deleted: deleted.length });
  }

  /** Calls `run` again and again, never twice at once. Returns what ends it and waits for a run under way. */
  #every(intervalMs: number, failure: string, run: () => Promise<void>): () => Promise<void> {
    const { clock, log } = this.deps;
    let timer: Timer | undefined;
    let running = Promise.resolve();
    let stopped = false;
    const schedule = () => {
      timer = clock.after(intervalMs, () => {
        running = run()
          .catch((error: unknown) => log.error(failure, { err: error }))
          .then(() => (stopped ? undefined : schedule()));
      });
    };
    schedule();
    return async () => {
      stopped = true;
      timer?.cancel();
      await running;
    };
  }
}
