/** Tells those who wait for a reserved media id in this process that something has been uploaded to it. */
export class Arrivals {
  readonly #waiters = new Map<string, Set<() => void>>();

  announce(mediaId: string): void {
    for (const wake of this.#waiters.get(mediaId) ?? []) wake();
  }

  /** Calls `wake` at the next announcement, until the returned function is called. */
  subscribe(mediaId: string, wake: () => void): () => void {
    const waiters = this.#waiters.get(mediaId) ?? new Set();
    this.#waiters.set(mediaId, waiters.add(wake));
    return () => {
      waiters.delete(wake);
      if (waiters.size === 0 && this.#waiters.get(mediaId) === waiters) this.#waiters.delete(mediaId);
    };
  }
}
