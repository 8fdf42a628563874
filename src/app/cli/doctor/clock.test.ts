import { expect, test } from 'bun:test';
import { checkClock } from './clock.ts';

const now = Date.UTC(2026, 10, 23, 12, 0, 0);
const at = (seconds: number): string => new Date(now + seconds * 1000).toUTCString();

test('a clock that another machine agrees with is right, and so is one that nobody was asked about', () => {
  for (const theirs of [at(0), at(-20), at(20), undefined, 'no date']) {
    expect(checkClock(now, theirs)).toEqual({ what: 'clock', level: 'ok', detail: '2026-11-23T12:00:00.000Z' });
  }
});

test('a clock that is off by minutes, or in the past, is a fault', () => {
  expect(checkClock(now, at(-300)).detail).toContain('is 300 seconds ahead of the server of the well-known');
  expect(checkClock(now, at(120)).detail).toContain('is 120 seconds behind');
  expect(checkClock(now, at(120)).level).toBe('fault');
  expect(checkClock(0, undefined)).toMatchObject({ level: 'fault' });
});
