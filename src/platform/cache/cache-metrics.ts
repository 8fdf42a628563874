import type { Metrics } from '#platform/metrics/index.ts';
import type { CacheBudget } from './cache-budget.ts';

type Measured = CacheBudget['caches'][number];

/** Registers how full and how useful the caches of a budget are, each labelled with its name. */
export function measureCaches(metrics: Metrics, budget: CacheBudget): void {
  const each = (type: 'counter' | 'gauge', name: string, help: string, read: (cache: Measured) => number): void =>
    metrics.collector({
      name,
      help,
      type,
      collect: () => budget.caches.map((cache) => ({ value: read(cache), labels: { name: cache.name } })),
    });
  each('counter', 'synapse_util_caches_cache', 'Look-ups in a cache.', ({ hits, misses }) => hits + misses);
  each('counter', 'synapse_util_caches_cache_hits', 'Look-ups that found something.', ({ hits }) => hits);
  each('gauge', 'myelin_cache_bytes', 'Estimated bytes in a cache.', ({ sizeBytes }) => sizeBytes);
  each('gauge', 'myelin_cache_max_bytes', 'The share of the budget that a cache may use.', ({ maxBytes }) => maxBytes);
}
