import type { Ending } from '#api/endpoint.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { WakeTarget } from './ports.ts';
import type { Audience, AudienceOf } from './recent-wakes.ts';

/** Who waits for a change, by user. */
export class Waiters {
  readonly #byUser = new Map<UserId, Set<() => void>>();
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
    for (const target of targets) {
      if ('userId' in target) this.#wakeUser(target.userId);
      else this.#wakeAudience(this.#audienceOf(target.roomId));
    }
  }

  /** How many users wait. */
  get users(): number {
    return this.#byUser.size;
  }

  /** Walks over the members or over those who wait, whichever are fewer. */
  #wakeAudience(audience: Audience): void {
    if (audience.has !== undefined && (audience.size ?? 0) > this.#byUser.size) {
      for (const userId of [...this.#byUser.keys()]) if (audience.has(userId)) this.#wakeUser(userId);
    } else {
      for (const userId of audience) this.#wakeUser(userId);
    }
  }

  #wakeUser(userId: UserId): void {
    const waiting = this.#byUser.get(userId);
    if (waiting === undefined) return;
    for (const done of [...waiting]) done();
  }

  #remove(userId: UserId, done: () => void): void {
    const waiting = this.#byUser.get(userId);
    waiting?.delete(done);
    if (waiting?.size === 0) this.#byUser.delete(userId);
  }
}
