/**
 * The keys of a Map or Set in the order in which they were added, for whoever drops the oldest: each key that `next` gives has to be
 * deleted. The walk goes on where it was; one from the start would pass over all that has been deleted there, each time.
 */
export class OldestFirst<K> {
  #walk: Iterator<K, unknown> | undefined;

  constructor(private readonly keyed: { keys(): Iterator<K, unknown> }) {}

  /** Only while there is a key. */
  next(): K {
    this.#walk ??= this.keyed.keys();
    const step = this.#walk.next();
    if (step.done !== true) return step.value;
    this.#walk = undefined;
    return this.next();
  }
}
