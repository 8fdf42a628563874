import type { CacheBudget } from '#platform/cache/index.ts';
import type { Metrics } from '#platform/metrics/index.ts';
import type { GroupObservation } from '#platform/storage/index.ts';

/** Counts what the database writes: batches that share a commit, and how long a commit takes. */
export function measureStorage(metrics: Metrics): (group: GroupObservation) => void {
  const size = metrics.histogram(
    'myelin_storage_commit_batches',
    'Batches written with one commit.',
    [1, 2, 4, 8, 16, 32, 64, 128, 256],
  );
  const seconds = metrics.histogram(
    'myelin_storage_commit_seconds',
    'Time from handing a group of batches to the database to its being durable.',
    [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1],
  );
  return (group) => {
    size.observe(group.batches);
    seconds.observe(group.durationMs / 1000);
  };
}

/** Caches and rooms in memory, read when somebody scrapes. */
export function measureProcess(
  metrics: Metrics,
  parts: { readonly caches: CacheBudget; readonly hotRooms: () => number },
): void {
  metrics.collector({
    name: 'myelin_cache_bytes',
    help: 'Estimated bytes that a cache holds.',
    type: 'gauge',
    collect: () => parts.caches.caches.map(({ name, sizeBytes }) => ({ value: sizeBytes, labels: { name } })),
  });
  metrics.collector({
    name: 'synapse_util_caches_cache_hits',
    help: 'Look-ups that a cache answered.',
    type: 'counter',
    collect: () => parts.caches.caches.map(({ name, hits }) => ({ value: hits, labels: { name } })),
  });
  metrics.collector({
    name: 'synapse_util_caches_cache',
    help: 'Look-ups of a cache, answered or not.',
    type: 'counter',
    collect: () => parts.caches.caches.map(({ name, hits, misses }) => ({ value: hits + misses, labels: { name } })),
  });
  metrics.collector({
    name: 'myelin_room_actors',
    help: 'Rooms kept in memory.',
    type: 'gauge',
    collect: () => [{ value: parts.hotRooms() }],
  });
}
