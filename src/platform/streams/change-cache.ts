import type { StreamPosition } from './ports.ts';

/**
 * When things last changed, for asking "has this changed since?" without the database. Bounded: what it no longer
 * remembers it takes to have changed, so that it may answer yes too often and never no too often.
 */
export class ChangeCache<Key> {
  /** In order of position: the oldest first. */
  readonly #last = new Map<Key, StreamPosition>();
  #floor: StreamPosition;

  /** Knows everything after `floor` (the stream's position at start) and of at most `maxKeys` things. */
  constructor(
    floor: StreamPosition,
    private readonly maxKeys: number,
  ) {
    this.#floor = floor;
  }

  changed(key: Key, position: StreamPosition): void {
    this.#last.delete(key);
    this.#last.set(key, position);
    if (this.#last.size <= this.maxKeys) return;
    for (const [oldest, at] of this.#last) {
      this.#last.delete(oldest);
      this.#floor = Math.max(this.#floor, at);
      break;
    }
  }

  /** Whether `key` may have changed after `since`. */
  hasChanged(key: Key, since: StreamPosition): boolean {
    if (since < this.#floor) return true;
    const last = this.#last.get(key);
    return last !== undefined && last > since;
  }

  /** Whether it can tell what changed after `since`. */
  knows(since: StreamPosition): boolean {
    return since >= this.#floor;
  }

  /** What changed after `since`, newest first; `undefined` when it cannot tell. */
  changedSince(since: StreamPosition): Key[] | undefined {
    if (since < this.#floor) return undefined;
    const changed: Key[] = [];
    for (const [key, at] of [...this.#last].reverse()) {
      if (at <= since) break;
      changed.push(key);
    }
    return changed;
  }
}
