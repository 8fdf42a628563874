import type { Ending } from '#api/endpoint.ts';

/**
 * Tells those who wait on behalf of a request that they wait for nobody. A signal made of the client's and the server's would
 * say the same at ten times the cost, which is felt where one message answers thousands of long polls.
 */
export class RequestEnding implements Ending {
  #aborted: boolean;
  #listeners: Set<() => void> | undefined;

  constructor(aborted: boolean) {
    this.#aborted = aborted;
  }

  get aborted(): boolean {
    return this.#aborted;
  }

  addEventListener(_type: 'abort', run: () => void): void {
    this.#listeners ??= new Set();
    this.#listeners.add(run);
  }

  removeEventListener(_type: 'abort', run: () => void): void {
    this.#listeners?.delete(run);
  }

  end(): void {
    if (this.#aborted) return;
    this.#aborted = true;
    const listeners = this.#listeners ?? [];
    this.#listeners = undefined;
    for (const run of listeners) run();
  }
}
