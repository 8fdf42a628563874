/** Keeps the order of what begins at once for the same key, where preparing the one takes longer than the other. */
export class SendingOrder {
  /** Settles when the last one that began has been prepared. */
  readonly #last = new Map<string, Promise<unknown>>();

  /** Resolves with `prepared` when it and all that began before for this key are ready, in the order in which they began. */
  async after<T>(key: string, prepared: Promise<T>): Promise<T> {
    const turn = Promise.allSettled([this.#last.get(key), prepared]);
    this.#last.set(key, turn);
    await turn;
    if (this.#last.get(key) === turn) this.#last.delete(key);
    return prepared;
  }
}
