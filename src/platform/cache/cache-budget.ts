import { ByteCache } from './byte-cache.ts';

/** One budget, shared out among named caches by fixed fractions. */
export class CacheBudget {
  readonly #caches: ByteCache<never, never>[] = [];
  #shared = 0;

  constructor(readonly totalBytes: number) {}

  /** A cache that may use `fraction` (0 to 1) of the budget; all fractions together never exceed 1. */
  cache<K, V>(name: string, fraction: number): ByteCache<K, V> {
    this.#shared += fraction;
    if (this.#shared > 1.000001) throw new Error(`the cache ${name} exceeds the budget`);
    const cache = new ByteCache<K, V>(name, Math.floor(this.totalBytes * fraction));
    this.#caches.push(cache as unknown as ByteCache<never, never>);
    return cache;
  }

  /** For metrics. */
  get caches(): readonly Pick<ByteCache<never, never>, 'name' | 'sizeBytes' | 'maxBytes' | 'hits' | 'misses'>[] {
    return this.#caches;
  }
}
