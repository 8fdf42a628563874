import type { Transactor } from '#platform/storage/ports.ts';
import type { SearchStore } from './search-store.ts';

/** Events whose words go into the index at once: few enough not to keep other writers waiting. */
const AT_ONCE = 1_000;

/** Brings the index of words up to date, where it is not kept so by every event. */
export class PendingWords {
  #running: Promise<void> | undefined;

  constructor(
    private readonly store: SearchStore,
    private readonly transactor: Transactor,
  ) {}

  /** Resolves when everything committed before the call is in the index. */
  async index(): Promise<void> {
    // What is under way may have looked before the newest was there.
    await this.#running;
    this.#running ??= this.#index().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  async #index(): Promise<void> {
    while (await this.store.hasPending()) {
      await this.transactor.commit((batch) => {
        for (const statement of this.store.indexPending(AT_ONCE)) batch.add(statement);
      });
    }
  }
}
