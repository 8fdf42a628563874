import type { Ending } from '#api/endpoint.ts';
import type { Clock } from '#platform/clock/index.ts';
import {
  type Batch,
  BatchConflict,
  type Query,
  type Result,
  type Sequences,
  type Transactor,
} from '#platform/storage/ports.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { StreamBatch, StreamPosition, Streams, WakeTarget } from './ports.ts';
import { type AudienceOf, RecentWakes } from './recent-wakes.ts';
import { Waiters } from './waiters.ts';

/** Wakes kept for those who are between reading and waiting. */
const RECENT_WAKES = 16_384;
/** So many are looked through to say that there is nothing new; finding that out from more of them would cost more than looking. */
const LOOKED_THROUGH_MAX = 1_000;

export interface StreamsOptions {
  readonly storage: { readonly transactor: Transactor; readonly sequences: Sequences };
  readonly clock: Clock;
  /** Whom a room wakes: the users joined to it, at the moment of asking. Give a `Set`: then large rooms cost no walk. */
  readonly joinedUsers: AudienceOf;
}

/** The stream of this process. Make one a process. */
export function createStreams(options: StreamsOptions): Streams {
  return new SingleWriterStreams(options);
}

/** A commit or an announcement whose positions have been taken. */
class Change implements StreamBatch {
  /** The last of its positions; all positions up to here are its own or of changes before it. */
  top: StreamPosition = 0;
  settled = false;
  readonly targets: WakeTarget[] = [];
  hooks: { readonly run: () => void; readonly isForAttempts: boolean }[] = [];
  /** Called when it has become visible, if someone waits for that. */
  onVisible: (() => void) | undefined;
  visible = false;
  readonly #batch: Batch;
  readonly #sequences: Sequences;

  constructor(batch: Batch, sequences: Sequences) {
    this.#batch = batch;
    this.#sequences = sequences;
  }

  add<Row>(query: Query<Row>, expectRows?: number): Result<Row> {
    return this.#batch.add(query, expectRows);
  }

  nextPosition(): StreamPosition {
    this.top = this.#sequences.next('stream');
    return this.top;
  }

  afterCommit(run: () => void): void {
    this.hooks.push({ run, isForAttempts: false });
  }

  afterAttempt(run: () => void): void {
    this.hooks.push({ run, isForAttempts: true });
  }

  /** The commit failed: what is left to do when it is known not to have happened, and when it is not. */
  fail(isCertain: boolean): void {
    this.hooks = isCertain ? [] : this.hooks.filter(({ isForAttempts }) => isForAttempts);
    if (isCertain) this.targets.splice(0);
  }

  wake(...targets: readonly WakeTarget[]): void {
    for (const target of targets) this.targets.push(target);
  }
}

class SingleWriterStreams implements Streams {
  readonly #transactor: Transactor;
  readonly #sequences: Sequences;
  readonly #waiters: Waiters;
  readonly #recent: RecentWakes;
  /** In the order of their positions; the first ones leave as they settle. */
  readonly #pending: Change[] = [];
  #current: StreamPosition;

  constructor({ storage, clock, joinedUsers }: StreamsOptions) {
    this.#transactor = storage.transactor;
    this.#sequences = storage.sequences;
    this.#current = storage.sequences.last('stream');
    this.#waiters = new Waiters(clock, joinedUsers);
    this.#recent = new RecentWakes(RECENT_WAKES, this.#current, joinedUsers);
  }

  async commit<T>(build: (batch: StreamBatch) => T): Promise<T> {
    let change: Change | undefined;
    try {
      const value = await this.#transactor.commit((batch) => {
        change = new Change(batch, this.#sequences);
        this.#pending.push(change);
        return build(change);
      });
      if (change !== undefined) await this.#settle(change);
      return value;
    } catch (error) {
      // Its positions stay unused, and those after it need not wait for them. When only the answer to the commit was lost,
      // it may have happened: then waking is right, and otherwise harmless.
      change?.fail(error instanceof BatchConflict);
      if (change !== undefined) void this.#settle(change);
      throw error;
    }
  }

  current(): StreamPosition {
    return this.#current;
  }

  announce(...targets: readonly WakeTarget[]): StreamPosition {
    const change = new Change({ add: () => fail() }, this.#sequences);
    const position = change.nextPosition();
    change.wake(...targets);
    this.#pending.push(change);
    void this.#settle(change);
    return position;
  }

  mayHaveWoken(userId: UserId, after: StreamPosition): boolean {
    return this.#recent.wokeAfter(userId, after, LOOKED_THROUGH_MAX);
  }

  waitForUser(userId: UserId, after: StreamPosition, timeoutMs: number, ending: Ending): Promise<void> {
    if (this.#recent.wokeAfter(userId, after)) return Promise.resolve();
    return this.#waiters.wait(userId, timeoutMs, ending);
  }

  /** Makes visible what has no unsettled change before it. Resolves when `change` is visible. */
  #settle(change: Change): Promise<void> | undefined {
    change.settled = true;
    while (this.#pending[0]?.settled) this.#show(this.#pending.shift()!);
    if (change.visible) return undefined;
    return new Promise((resolve) => {
      change.onVisible = resolve;
    });
  }

  #show(change: Change): void {
    for (const { run } of change.hooks) runHook(run);
    if (change.top > this.#current) this.#current = change.top;
    change.visible = true;
    if (change.targets.length > 0) {
      this.#recent.remember(this.#current, change.targets);
      this.#waiters.wake(change.targets);
    }
    change.onVisible?.();
  }
}

/** A hook that throws is a bug of its own, which must not keep the stream from advancing: it is thrown past all of this. */
function runHook(run: () => void): void {
  try {
    run();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

function fail(): never {
  throw new Error('an announcement writes nothing');
}
