/** Caches with one budget of bytes for all of them. What is cached is always also in the database. */
export { ByteCache } from './byte-cache.ts';
export { CacheBudget } from './cache-budget.ts';
