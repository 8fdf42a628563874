import type { Clock, Timer } from '#platform/clock/index.ts';
import type { RequestEnding } from './request-ending.ts';
import { clientGoneResponse } from './responses.ts';

/** A request that is being answered. */
interface Waiting {
  readonly signal: AbortSignal;
  readonly ending: RequestEnding;
  readonly give: (response: Response) => void;
  readonly onLong: (() => void) | undefined;
  /** Whether it has been there for a round, and is watched since. */
  stop: (() => void) | undefined;
}

/** How often it is looked at who still waits. */
const ROUND_MS = 1000;

/**
 * Answers 499 for clients that have gone, so that no promise of a response is left open, whatever the handler does. Listening
 * to a signal costs more than many a request: only those that take long are watched.
 */
export class Patience {
  readonly #waiting = new Set<Waiting>();
  #timer: Timer | undefined;

  /** `stopping`: aborted when the server stops, which ends what waits as if the client had gone. */
  constructor(
    readonly clock: Clock,
    stopping?: AbortSignal,
  ) {
    stopping?.addEventListener('abort', () => {
      for (const { ending } of [...this.#waiting]) ending.end();
    });
  }

  /**
   * The response, or 499 once the client has gone, which `ending` is told of. What was being done goes on: a write is not half
   * done. `onLong` is called if it takes long.
   */
  unlessGone(
    signal: AbortSignal,
    ending: RequestEnding,
    response: Promise<Response>,
    onLong?: () => void,
  ): Promise<Response> {
    return new Promise((resolve) => {
      const waiting: Waiting = { signal, ending, give: resolve, onLong, stop: undefined };
      this.#waiting.add(waiting);
      this.#timer ??= this.clock.after(ROUND_MS, () => this.#look());
      void response.then((given) => {
        this.#waiting.delete(waiting);
        waiting.stop?.();
        resolve(signal.aborted ? clientGoneResponse() : given);
      });
    });
  }

  #look(): void {
    this.#timer = undefined;
    for (const waiting of this.#waiting) if (waiting.stop === undefined) watch(waiting);
    if (this.#waiting.size > 0) this.#timer = this.clock.after(ROUND_MS, () => this.#look());
  }
}

function watch(waiting: Waiting): void {
  const gone = (): void => {
    waiting.give(clientGoneResponse());
    waiting.ending.end();
  };
  waiting.onLong?.();
  if (waiting.signal.aborted) gone();
  waiting.signal.addEventListener('abort', gone, { once: true });
  waiting.stop = () => waiting.signal.removeEventListener('abort', gone);
}
