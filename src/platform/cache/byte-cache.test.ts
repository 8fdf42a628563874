import { expect, test } from 'bun:test';
import { ByteCache, CacheBudget } from './index.ts';

test('the least recently used goes first when the bytes are used up', () => {
  const cache = new ByteCache<string, number>('test', 100);
  cache.set('a', 1, 40);
  cache.set('b', 2, 40);
  expect(cache.get('a')).toBe(1);
  cache.set('c', 3, 40);
  expect(cache.get('b')).toBeUndefined();
  expect(cache.get('a')).toBe(1);
  expect(cache.sizeBytes).toBe(80);
});

test('a value larger than the cache is not kept, and replaces what was there', () => {
  const cache = new ByteCache<string, number>('test', 100);
  cache.set('a', 1, 40);
  cache.set('a', 2, 400);
  expect(cache.get('a')).toBeUndefined();
  expect(cache.sizeBytes).toBe(0);
});

test('caches cannot share out more than the budget', () => {
  const budget = new CacheBudget(1000);
  expect(budget.cache('events', 0.7).maxBytes).toBe(700);
  expect(() => budget.cache('more', 0.4)).toThrow();
});
