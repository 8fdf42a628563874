import type { Clock } from '#platform/clock/index.ts';
import { PendingBatch } from './pending-batch.ts';
import { type Batch, BatchConflict, type Transactor } from './ports.ts';

/** One group written: for metrics. */
export interface GroupObservation {
  readonly batches: number;
  readonly statements: number;
  readonly failed: number;
  /** From handing the group to the writer until it was durable. */
  readonly durationMs: number;
  /** Batches that were waiting when the group was done. */
  readonly queueLength: number;
}

/** Whether writing works, as far as the last groups tell. Times are the clock's monotonic ones. */
export interface WriteActivity {
  /** When a group was last written; `undefined` when none was, or the engine has failed since. */
  readonly wroteAtMs: number | undefined;
  /** Since when a group is being written. */
  readonly writingSinceMs: number | undefined;
}

/** What an engine does: writes a group in one transaction where it can. */
export interface GroupWriter {
  /**
   * Writes the batches in order and fills their results. Answers for each batch `undefined`, or why it was not written. A
   * rejection fails them all.
   */
  write(group: readonly PendingBatch[]): Promise<readonly (Error | undefined)[]>;
}

/**
 * With so many batches waiting, an idle writer begins at once: it works while the event loop brings the rest, and whoever is
 * answered first brings the next ones while the others are written. Otherwise all wait for all.
 */
const EAGER_BATCHES = 16;

/** A group ends with the batch that reaches this number of statements, so that one commit stays short. */
const GROUP_STATEMENTS = 4096;

/**
 * Queues batches in the order of `commit` and hands all that wait to the writer whenever it is idle: under load, many
 * batches share one fsync.
 */
export class GroupCommit implements Transactor {
  readonly #writer: GroupWriter;
  readonly #clock: Clock;
  readonly #observe: (group: GroupObservation) => void;
  readonly #waiting: PendingBatch[] = [];
  /** Batches that everything after them relies on; written alone, and tried again until written. */
  readonly #owed: PendingBatch[] = [];
  #busy = false;
  /** Busy, and nothing handed to the writer yet. */
  #isScheduled = false;
  #broken: Error | undefined;
  #wroteAtMs: number | undefined;
  #writingSinceMs: number | undefined;
  #drained: (() => void) | undefined;

  constructor(writer: GroupWriter, clock: Clock, observe: (group: GroupObservation) => void) {
    this.#writer = writer;
    this.#clock = clock;
    this.#observe = observe;
  }

  get activity(): WriteActivity {
    return { wroteAtMs: this.#wroteAtMs, writingSinceMs: this.#writingSinceMs };
  }

  commit<T>(build: (batch: Batch) => T): Promise<T> {
    const batch = new PendingBatch();
    let value: T;
    try {
      if (this.#broken !== undefined) throw this.#broken;
      value = build(batch);
    } catch (error) {
      return Promise.reject(error);
    } finally {
      batch.seal();
    }
    if (batch.texts.length === 0) return Promise.resolve(value);
    return new Promise((resolve, reject) => {
      batch.settle = (error) => (error === undefined ? resolve(value) : reject(error));
      this.#waiting.push(batch);
      this.#schedule();
      if (this.#isScheduled && this.#waiting.length >= EAGER_BATCHES) this.#start();
    });
  }

  /**
   * Queues a batch before all that wait and all that come: while it cannot be written, nothing is. For what later batches
   * rely on without saying so, such as the numbers that they use.
   */
  owe(build: (batch: Batch) => void): void {
    const batch = new PendingBatch();
    build(batch);
    batch.seal();
    this.#owed.push(batch);
    this.#schedule();
  }

  /** Fails what waits and all that comes: the writer is gone. */
  break(error: Error): void {
    this.#broken ??= error;
    this.#wroteAtMs = undefined;
    this.#failWaiting(error);
  }

  /** Takes no more batches and resolves when the last one has been answered. */
  async close(): Promise<void> {
    this.#broken ??= new Error('the storage is closed');
    this.#wroteAtMs = undefined;
    if (!this.#busy) return;
    await new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
  }

  /** Begins a group at the end of this turn of the event loop, so that all requests of the turn share it. */
  #schedule(): void {
    if (this.#busy) return;
    this.#busy = true;
    this.#isScheduled = true;
    setImmediate(() => this.#start());
  }

  #start(): void {
    if (!this.#isScheduled) return;
    this.#isScheduled = false;
    void this.#drain();
  }

  async #drain(): Promise<void> {
    for (;;) {
      const owed = this.#owed[0];
      const group = owed === undefined ? this.#take() : [owed];
      if (group.length === 0) break;
      const error = await this.#write(group);
      if (owed === undefined) continue;
      if (error === undefined) this.#owed.shift();
      else if (this.#waiting.length > 0) this.#failWaiting(error);
      else break;
    }
    this.#busy = false;
    this.#drained?.();
  }

  #take(): PendingBatch[] {
    let statements = 0;
    let count = 0;
    while (count < this.#waiting.length && statements < GROUP_STATEMENTS) {
      statements += this.#waiting[count++]!.texts.length;
    }
    return this.#waiting.splice(0, count);
  }

  /** Writes a group, answers its batches in order, and gives them a turn to bring the next ones. The first error, if any. */
  async #write(group: readonly PendingBatch[]): Promise<Error | undefined> {
    const start = this.#clock.monotonic();
    this.#writingSinceMs = start;
    let outcomes: readonly (Error | undefined)[];
    try {
      outcomes = await this.#writer.write(group);
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause));
      outcomes = group.map(() => error);
    }
    const end = this.#clock.monotonic();
    const durationMs = end - start;
    this.#writingSinceMs = undefined;
    // A conflict is an answer of an engine that works.
    const works = outcomes.every((error) => error === undefined || error instanceof BatchConflict);
    this.#wroteAtMs = works && this.#broken === undefined ? end : undefined;
    let statements = 0;
    let failed = 0;
    for (const [index, batch] of group.entries()) {
      const error = outcomes[index];
      statements += batch.texts.length;
      if (error !== undefined) failed++;
      batch.settle(error);
    }
    this.#observe({ batches: group.length, statements, failed, durationMs, queueLength: this.#waiting.length });
    await new Promise<void>((resolve) => setImmediate(resolve));
    return outcomes.find((error) => error !== undefined);
  }

  #failWaiting(error: Error): void {
    for (const batch of this.#waiting.splice(0)) batch.settle(error);
  }
}
