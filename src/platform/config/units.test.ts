import { expect, test } from 'bun:test';
import { nearest } from './nearest.ts';
import { parseDurationMs, parseSizeBytes } from './units.ts';

test.each([
  [5, 5],
  ['5', 5],
  ['5ms', 5],
  ['5s', 5000],
  ['1.5h', 5_400_000],
  ['2d', 172_800_000],
  ['1w', 604_800_000],
  ['1y', 31_536_000_000],
  [-1, undefined],
  ['5 minutes', undefined],
  ['', undefined],
  [true, undefined],
])('the duration %p is %p ms', (given, expected) => {
  expect(parseDurationMs(given)).toBe(expected as number);
});

test.each([
  [10, 10],
  ['10', 10],
  ['1K', 1024],
  ['1k', 1024],
  ['50M', 52_428_800],
  ['1.5G', 1_610_612_736],
  ['1MB', 1_048_576],
  ['1 MiB', 1_048_576],
  ['10x', undefined],
  [null, undefined],
])('the size %p is %p bytes', (given, expected) => {
  expect(parseSizeBytes(given)).toBe(expected as number);
});

test('the nearest name is found only if it is near', () => {
  const names = ['server_name', 'listeners', 'media_store_path'];
  expect(nearest('servername', names)).toBe('server_name');
  expect(nearest('listener', names)).toBe('listeners');
  expect(nearest('media_storage_path', names)).toBe('media_store_path');
  expect(nearest('something_else', names)).toBeUndefined();
});
