import { expect, test } from 'bun:test';
import { ChangeCache } from './change-cache.ts';

test('a thing that did not change since is told apart from one that did', () => {
  const cache = new ChangeCache<string>(10, 10);
  cache.changed('a', 11);
  cache.changed('b', 12);
  expect(cache.hasChanged('a', 11)).toBe(false);
  expect(cache.hasChanged('a', 10)).toBe(true);
  expect(cache.hasChanged('c', 10)).toBe(false);
  expect(cache.changedSince(10)).toEqual(['b', 'a']);
  expect(cache.changedSince(11)).toEqual(['b']);
});

test('what it cannot know has changed', () => {
  const cache = new ChangeCache<string>(10, 2);
  expect(cache.hasChanged('a', 9)).toBe(true);
  expect(cache.changedSince(9)).toBeUndefined();
  for (const [key, at] of [
    ['a', 11],
    ['b', 12],
    ['c', 13],
  ] as const)
    cache.changed(key, at);
  expect(cache.hasChanged('a', 10)).toBe(true);
  expect(cache.hasChanged('z', 11)).toBe(false);
});

test('what changed again and again is told once, at its last place, however long the log has been', () => {
  const cache = new ChangeCache<string>(0, 100);
  for (let at = 1; at <= 5000; at++) cache.changed(`key ${at % 7}`, at);
  cache.changed('key 3', 5001);
  cache.changed('key 3', 5001);
  expect(cache.changedSince(4999)).toEqual(['key 3', 'key 2']);
  expect(cache.changedSince(0)?.length).toBe(7);
  expect(cache.changedSince(5001)).toEqual([]);
});

test('that nothing at all changed is said only where it is certain', () => {
  const cache = new ChangeCache<string>(10, 2);
  expect([9, 10, 11].map((since) => cache.isQuietSince(since))).toEqual([false, true, true]);
  for (let at = 11; at <= 15; at++) cache.changed(`key ${at}`, at);
  expect([10, 14, 15].map((since) => cache.isQuietSince(since))).toEqual([false, false, true]);
  for (let at = 16; at <= 2000; at++) cache.changed(`key ${at}`, at);
  expect([1999, 2000].map((since) => cache.isQuietSince(since))).toEqual([false, true]);
});
