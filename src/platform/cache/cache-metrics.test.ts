import { expect, test } from 'bun:test';
import { createMetrics } from '#platform/metrics/index.ts';
import { CacheBudget, measureCaches } from './index.ts';

test('a scrape tells how each cache of the budget is used', async () => {
  const budget = new CacheBudget(1000);
  const metrics = createMetrics();
  measureCaches(metrics, budget);
  const cache = budget.cache<string, number>('events', 0.5);
  cache.set('a', 1, 70);
  cache.get('a');
  cache.get('b');
  const text = await metrics.text();
  expect(text).toContain('synapse_util_caches_cache{name="events"} 2');
  expect(text).toContain('synapse_util_caches_cache_hits{name="events"} 1');
  expect(text).toContain('myelin_cache_bytes{name="events"} 70');
  expect(text).toContain('myelin_cache_max_bytes{name="events"} 500');
});
