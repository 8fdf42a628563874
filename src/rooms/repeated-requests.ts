import type { Requester } from '#api/requester.ts';
import type { Clock } from '#platform/clock/index.ts';

/** How long an answer is given again. */
const KEPT_MS = 30 * 60_000;

/**
 * Answers of requests that carry a transaction id and make no single event (rooms made, memberships changed), in memory:
 * a request repeated within half an hour, or while the first is under way, gets the first one's answer.
 */
export class RepeatedRequests {
  /** Oldest first. */
  readonly #answers = new Map<string, { readonly answer: Promise<unknown>; readonly atMs: number }>();

  constructor(private readonly clock: Clock) {}

  /** `path` tells the request apart from others of the same device: its operation, path parameters and transaction id. */
  once<T>(requester: Requester, path: readonly string[], run: () => Promise<T>): Promise<T> {
    this.#sweep();
    const { userId, deviceId, appserviceId } = requester;
    const key = JSON.stringify([userId, deviceId ?? appserviceId ?? '', ...path]);
    const known = this.#answers.get(key);
    if (known !== undefined) return known.answer as Promise<T>;
    const answer = run();
    this.#answers.set(key, { answer, atMs: this.clock.monotonic() });
    // What failed may be tried again.
    answer.catch(() => this.#answers.delete(key));
    return answer;
  }

  #sweep(): void {
    const oldest = this.clock.monotonic() - KEPT_MS;
    for (const [key, { atMs }] of this.#answers) {
      if (atMs > oldest) break;
      this.#answers.delete(key);
    }
  }
}
