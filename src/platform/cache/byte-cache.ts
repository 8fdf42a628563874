import { OldestFirst } from './oldest-first.ts';

interface Entry<V> {
  value: V;
  readonly sizeBytes: number;
}

/** How full a cache must be for the order of use to be kept. */
const ORDERED_FROM = 0.5;

/** A map that forgets what was used least recently once its values exceed their bytes. Sizes are the caller's estimates. */
export class ByteCache<K, V> {
  readonly #entries = new Map<K, Entry<V>>();
  readonly #oldest = new OldestFirst(this.#entries);
  #sizeBytes = 0;
  hits = 0;
  misses = 0;

  constructor(
    readonly name: string,
    readonly maxBytes: number,
  ) {}

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get(key: K): V | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      this.misses++;
      return undefined;
    }
    this.hits++;
    // What comes first matters only once something must go, and moving an entry costs far more than finding it.
    if (this.#sizeBytes > this.maxBytes * ORDERED_FROM) {
      this.#entries.delete(key);
      this.#entries.set(key, entry);
    }
    return entry.value;
  }

  set(key: K, value: V, sizeBytes: number): void {
    const known = this.#entries.get(key);
    if (known?.sizeBytes === sizeBytes && this.#sizeBytes <= this.maxBytes * ORDERED_FROM) {
      known.value = value;
      return;
    }
    this.delete(key);
    if (sizeBytes > this.maxBytes) return;
    this.#entries.set(key, { value, sizeBytes });
    this.#sizeBytes += sizeBytes;
    while (this.#sizeBytes > this.maxBytes) this.delete(this.#oldest.next());
  }

  delete(key: K): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#sizeBytes -= entry.sizeBytes;
  }

  clear(): void {
    this.#entries.clear();
    this.#sizeBytes = 0;
  }
}
