import type { Ending } from '#api/endpoint.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { WakeTarget } from './ports.ts';
import type { Audience, AudienceOf } from './recent-wakes.ts';

/**
 * Woken in one turn of the event loop. Each makes an answer: a room of thousands would keep everybody else waiting, and what
 * the first ones find out is in memory for those of later turns.
 */
const WOKEN_IN_A_TURN = 10;

/** Who waits for a change, by user. */
export class Waiters {
  readonly #byUser = new Map<UserId, Set<() => void>>();
  /** Woken, and waiting for their turn. */
  #woken: (() => void)[] = [];
  #hasTurn = false;
  readonly #clock: Clock;
  readonly #audienceOf: AudienceOf;

  constructor(clock: Clock, audienceOf: AudienceOf) {
    this.#clock = clock;
    this.#audienceOf = audienceOf;
  }

  wait(userId: UserId, timeoutMs: number, ending: Ending): Promise<void> {
    if (ending.aborted || timeoutMs <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        timer.cancel();
        ending.removeEventListener('abort', done);
        this.#remove(userId, done);
        resolve();
      };
      const timer = this.#clock.after(timeoutMs, done);
      ending.addEventListener('abort', done);
      const known = this.#byUser.get(userId);
      if (known === undefined) this.#byUser.set(userId, new Set([done]));
      else known.add(done);
    });
  }

  wake(targets: readonly WakeTarget[]): void {
    if (this.#byUser.size === 0) return;
    const woken: (() => void)[] = [];
    for (const target of targets) {
      if ('userId' in target) this.#takeUser(target.userId, woken);
      else this.#takeAudience(this.#audienceOf(target.roomId), woken);
    }
    // Whoever is woken by little need not stand behind the crowd of a large room.
    for (const done of woken.slice(0, WOKEN_IN_A_TURN)) done();
    for (const done of woken.slice(WOKEN_IN_A_TURN)) this.#woken.push(done);
    this.#awaitTurn();
  }

  /** How many users wait. */
  get users(): number {
    return this.#byUser.size;
  }

  /** Walks over the members or over those who wait, whichever are fewer. */
  #takeAudience(audience: Audience, woken: (() => void)[]): void {
    if (audience.has !== undefined && (audience.size ?? 0) > this.#byUser.size) {
      for (const userId of [...this.#byUser.keys()]) if (audience.has(userId)) this.#takeUser(userId, woken);
    } else {
      for (const userId of audience) this.#takeUser(userId, woken);
    }
  }

  /** From now on they are not woken again; whose time is up before their turn has come are answered at once. */
  #takeUser(userId: UserId, woken: (() => void)[]): void {
    const waiting = this.#byUser.get(userId);
    if (waiting === undefined) return;
    this.#byUser.delete(userId);
    for (const done of waiting) woken.push(done);
  }

  #awaitTurn(): void {
    if (this.#hasTurn || this.#woken.length === 0) return;
    this.#hasTurn = true;
    this.#clock.nextTurn(() => {
      this.#hasTurn = false;
      const turn = this.#woken.splice(0, WOKEN_IN_A_TURN);
      for (const done of turn) done();
      this.#awaitTurn();
    });
  }

  #remove(userId: UserId, done: () => void): void {
    const waiting = this.#byUser.get(userId);
    waiting?.delete(done);
    if (waiting?.size === 0) this.#byUser.delete(userId);
  }
}
