/**
 * Work that recurs in the background: cleaning up, retrying, counting. Each job runs by itself, never twice at once; what it
 * throws is logged and it runs again next time. What must survive a restart keeps its state in the database, not here.
 */
import type { Clock, Timer } from '#platform/clock/index.ts';
import type { Log } from '#platform/log/index.ts';
import type { Metrics } from '#platform/metrics/index.ts';
import type { Random } from '#platform/random/index.ts';

export interface Job {
  /** Runs now, or once more after the run under way; resolves when that run is over. Never rejects. */
  run(): Promise<void>;
  /** Runs no more; resolves when a run under way is over. */
  stop(): Promise<void>;
}

export interface JobOptions {
  /** Delay of the first run; default: the interval. */
  readonly firstAfterMs?: number;
  /** How much of the interval may be added or taken away at random, so that jobs do not gather. Default 0.1. */
  readonly jitter?: number;
}

export interface Jobs {
  /**
   * Runs `run` every `intervalMs`, counted from the end of a run to the start of the next. `signal` is aborted when the job
   * is stopped: long runs should look at it.
   */
  every(intervalMs: number, name: string, run: (signal: AbortSignal) => Promise<void>, options?: JobOptions): Job;
  /** Stops all jobs; resolves when none runs. */
  stop(): Promise<void>;
}

interface JobsOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
}

const DEFAULT_JITTER = 0.1;

export function createJobs({ clock, random, log, metrics }: JobsOptions): Jobs {
  const starts = metrics.counter('synapse_background_process_start_count', 'Runs of a background job.', ['name']);
  const failures = metrics.counter('myelin_background_process_failed_count', 'Runs that failed.', ['name']);
  const seconds = metrics.counter('myelin_background_process_seconds', 'Time that runs took.', ['name']);
  const jobs = new Set<Job>();

  const runLogged = async (name: string, run: (signal: AbortSignal) => Promise<void>, signal: AbortSignal) => {
    starts.add(1, { name });
    const startedMs = clock.monotonic();
    try {
      await run(signal);
    } catch (err) {
      failures.add(1, { name });
      log.error('job.failed', { job: name, err });
    }
    seconds.add((clock.monotonic() - startedMs) / 1000, { name });
  };

  return {
    every(intervalMs, name, run, { firstAfterMs, jitter = DEFAULT_JITTER } = {}) {
      const stopped = new AbortController();
      let running: Promise<void> | undefined;
      let again: Promise<void> | undefined;
      let timer: Timer | undefined;

      const schedule = (delayMs: number): void => {
        if (!stopped.signal.aborted) timer = clock.after(delayMs, () => void start());
      };
      const start = async (): Promise<void> => {
        if (stopped.signal.aborted) return;
        timer?.cancel();
        running = runLogged(name, run, stopped.signal);
        await running;
        running = undefined;
        schedule(intervalMs * (1 + jitter * (2 * random.number() - 1)));
      };
      const job: Job = {
        run() {
          if (running === undefined) return start();
          again ??= running.then(() => {
            again = undefined;
            return start();
          });
          return again;
        },
        async stop() {
          stopped.abort();
          timer?.cancel();
          jobs.delete(job);
          await running;
        },
      };
      jobs.add(job);
      schedule(firstAfterMs ?? intervalMs);
      return job;
    },
    async stop() {
      await Promise.all([...jobs].map((job) => job.stop()));
    },
  };
}
