import type { StreamPosition } from './ports.ts';

/** The log of changes is written anew when it has grown to this many times what is remembered. */
const LOG_GROWTH = 2;
const LOG_MIN = 256;

/**
 * When things last changed, for asking "has this changed since?" without the database. Bounded: what it no longer
 * remembers it takes to have changed, so that it may answer yes too often and never no too often.
 */
export class ChangeCache<Key> {
  /** In order of position: the oldest first. */
  readonly #last = new Map<Key, StreamPosition>();
  /** The same as a log, in which what changed again stands more than once: read from its end. */
  #keys: Key[] = [];
  #positions: StreamPosition[] = [];
  #floor: StreamPosition;

  /** Knows everything after `floor` (the stream's position at start) and of at most `maxKeys` things. */
  constructor(
    floor: StreamPosition,
    private readonly maxKeys: number,
  ) {
    this.#floor = floor;
  }

  changed(key: Key, position: StreamPosition): void {
    if (this.#last.get(key) === position) return;
    this.#last.delete(key);
    this.#last.set(key, position);
    this.#keys.push(key);
    this.#positions.push(position);
    if (this.#last.size > this.maxKeys) this.#forgetOldest();
    if (this.#keys.length > LOG_MIN + LOG_GROWTH * this.#last.size) this.#rewriteLog();
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

  /** Whether it is certain that nothing at all changed after `since`. */
  isQuietSince(since: StreamPosition): boolean {
    return since >= this.#floor && (this.#positions.at(-1) ?? this.#floor) <= since;
  }

  /** What changed after `since`, newest first; `undefined` when it cannot tell. The cost follows what changed. */
  changedSince(since: StreamPosition): Key[] | undefined {
    if (since < this.#floor) return undefined;
    const changed: Key[] = [];
    for (let at = this.#keys.length - 1; at >= 0 && this.#positions[at]! > since; at--) {
      // Another entry tells of what changed again later.
      const key = this.#keys[at]!;
      if (this.#last.get(key) === this.#positions[at]) changed.push(key);
    }
    return changed;
  }

  #forgetOldest(): void {
    for (const [oldest, at] of this.#last) {
      this.#last.delete(oldest);
      this.#floor = Math.max(this.#floor, at);
      break;
    }
  }

  #rewriteLog(): void {
    this.#keys = [...this.#last.keys()];
    this.#positions = [...this.#last.values()];
  }
}
