/**
 * Caches in memory, limited by bytes: one budget for the process, shared out among named caches, each of which forgets what
 * was used least recently. What is cached is always also in the database; how large it is and when it is stale is the
 * business of who caches.
 */
export { ByteCache } from './byte-cache.ts';
export { CacheBudget } from './cache-budget.ts';
export { OldestFirst } from './oldest-first.ts';
