import { expect, test } from 'bun:test';
import fc from 'fast-check';
import type { EventId } from '../identifiers/index.ts';
import { compareEventIds } from './event-id-order.ts';

const compare = (a: string, b: string) => Math.sign(compareEventIds(a as EventId, b as EventId));

test('event ids go by code point, not by UTF-16 unit', () => {
  expect('\u{fffd}' < '\u{10000}').toBe(false);
  expect(compare('$\u{fffd}', '$\u{10000}')).toBe(-1);
});

test('event ids are ordered like their UTF-8 bytes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (a, b) => {
      expect(compare(a, b)).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
  );
});

test('a shorter event id comes before the longer one that it begins', () => {
  expect(compare('$a', '$ab')).toBe(-1);
  expect(compare('$ab', '$a')).toBe(1);
  expect(compare('$ab', '$ab')).toBe(0);
});
