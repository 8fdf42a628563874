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

/** What an engine does: writes groups in the order in which they come, each in one transaction where it can. */
export interface GroupWriter {
  /**
   * Writes the batches in order and fills their results. Answers for each batch `undefined`, or why it was not written. A
   * rejection fails them all.
   */
  write(group: readonly PendingBatch[]): Promise<readonly (Error | undefined)[]>;
}

/** Groups at the writer at most: the one that is being written, and one that it goes on with at once. */
const GROUPS_AT_WRITER = 2;

/** Fewer batches are not worth a group of their own while more may come in this turn of the event loop. */
const EARLY_BATCHES = 4;

/** A group ends with the batch that reaches this number of statements, so that one commit stays short. */
const GROUP_STATEMENTS = 4096;

/**
 * Queues batches in the order of `commit` and hands them to the writer in groups: under load, many batches share one fsync.
 * With many clients that each wait for an answer, groups are half of all that is under way: one is written while the event
 * loop answers the other and takes its clients' next requests.
 */
export class GroupCommit implements Transactor {
  readonly #writer: GroupWriter;
  readonly #clock: Clock;
  readonly #observe: (group: GroupObservation) => void;
  readonly #waiting: PendingBatch[] = [];
  /** Batches that everything after them relies on; written alone, and tried again until written. */
  readonly #owed: PendingBatch[] = [];
  #groupsAtWriter = 0;
  #batchesAtWriter = 0;
  /** How many batches were at the writer or waiting when a group was last done. */
  #underWay = 0;
  /** At the end of this turn of the event loop, what waits is handed to the writer. */
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
      if (this.#isEnough()) this.#hand();
      else this.#schedule();
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
    if (this.#isIdle()) return;
    await new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
  }

  /** An idle writer is given what waits at the end of this turn of the event loop: all requests of the turn share a group. */
  #schedule(): void {
    if (this.#groupsAtWriter > 0 || this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#groupsAtWriter === 0) this.#hand();
      this.#tellIfIdle();
    });
  }

  /** Whether enough waits for the writer to be given it now: half of what can be expected. Nothing goes behind what is owed. */
  #isEnough(): boolean {
    const count = this.#waiting.length;
    if (count < EARLY_BATCHES || 2 * count < this.#underWay) return false;
    return this.#groupsAtWriter < GROUPS_AT_WRITER && this.#owed.length === 0;
  }

  #hand(): void {
    const owed = this.#owed[0];
    const group = owed === undefined ? this.#take() : [owed];
    if (group.length > 0) void this.#write(group, owed !== undefined);
  }

  #take(): PendingBatch[] {
    let statements = 0;
    let count = 0;
    while (count < this.#waiting.length && statements < GROUP_STATEMENTS) {
      statements += this.#waiting[count++]!.texts.length;
    }
    return this.#waiting.splice(0, count);
  }

  /** Writes a group, gives the writer the next one, and answers the batches in order. */
  async #write(group: readonly PendingBatch[], isOwed: boolean): Promise<void> {
    this.#groupsAtWriter++;
    this.#batchesAtWriter += group.length;
    const start = this.#clock.monotonic();
    this.#writingSinceMs ??= start;
    let outcomes: readonly (Error | undefined)[];
    try {
      outcomes = await this.#writer.write(group);
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause));
      outcomes = group.map(() => error);
    }
    this.#underWay = this.#batchesAtWriter + this.#waiting.length;
    this.#groupsAtWriter--;
    this.#batchesAtWriter -= group.length;
    const end = this.#clock.monotonic();
    const durationMs = end - start;
    this.#writingSinceMs = this.#groupsAtWriter > 0 ? end : undefined;
    // A conflict is an answer of an engine that works.
    const works = outcomes.every((error) => error === undefined || error instanceof BatchConflict);
    this.#wroteAtMs = works && this.#broken === undefined ? end : undefined;
    if (isOwed) this.#settleOwed(outcomes[0]);
    else if (this.#isEnough()) this.#hand();
    let statements = 0;
    let failed = 0;
    for (const [index, batch] of group.entries()) {
      const error = outcomes[index];
      statements += batch.texts.length;
      if (error !== undefined) failed++;
      batch.settle(error);
    }
    this.#observe({ batches: group.length, statements, failed, durationMs, queueLength: this.#waiting.length });
    const isRefused = isOwed && outcomes[0] !== undefined;
    // Those who are answered have a turn to bring the next ones.
    if (this.#waiting.length > 0 || (this.#owed.length > 0 && !isRefused)) this.#schedule();
    this.#tellIfIdle();
  }

  /** What is owed stays so until it is written, and meanwhile whatever relies on it fails. */
  #settleOwed(error: Error | undefined): void {
    if (error === undefined) this.#owed.shift();
    else this.#failWaiting(error);
  }

  #isIdle(): boolean {
    return this.#groupsAtWriter === 0 && this.#waiting.length === 0 && !this.#isScheduled;
  }

  #tellIfIdle(): void {
    if (this.#isIdle()) this.#drained?.();
  }

  #failWaiting(error: Error): void {
    for (const batch of this.#waiting.splice(0)) batch.settle(error);
  }
}
