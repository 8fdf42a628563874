import type { Clock } from '#platform/clock/index.ts';
import type { GroupCommit } from './group-commit.ts';
import { statement } from './tables.ts';

/** What was written less than this ago says that writing works: under load, a check costs nothing. */
const FRESH_MS = 30_000;
/** A write that takes longer than this is not going to be one. */
const STUCK_MS = 5_000;

/** Changes nothing, and yet has to reach the disk. */
const writeNothing = statement('UPDATE schema_info SET version = version WHERE id = 0');

/** Finds out whether the database can be written, by what has been written of late or else by writing. */
export class WriteCheck {
  readonly #commits: GroupCommit;
  readonly #clock: Clock;
  #trying: Promise<void> | undefined;

  constructor(commits: GroupCommit, clock: Clock) {
    this.#commits = commits;
    this.#clock = clock;
  }

  /** Rejects with what keeps the database from being written. Checks at the same time share one write. */
  async check(): Promise<void> {
    const { wroteAtMs, writingSinceMs } = this.#commits.activity;
    const now = this.#clock.monotonic();
    if (writingSinceMs !== undefined && now - writingSinceMs > STUCK_MS) {
      throw new Error(`a write has been under way for ${Math.round((now - writingSinceMs) / 1000)} seconds`);
    }
    if (wroteAtMs !== undefined && now - wroteAtMs < FRESH_MS) return;
    this.#trying ??= this.#commits
      .commit((batch) => void batch.add(writeNothing()))
      .finally(() => {
        this.#trying = undefined;
      });
    await this.#trying;
  }
}
