import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { decodeSyncToken, decodeVectorToken, encodeSyncToken, encodeVectorToken } from './index.ts';

test('a position survives its token', () => {
  fc.assert(fc.property(fc.maxSafeNat(), (position) => decodeSyncToken(encodeSyncToken(position)) === position));
  expect(encodeSyncToken(123)).toBe('s123');
});

test('a vector survives its token, whatever the order of its writers', () => {
  const entries = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 1e9 }), fc.maxSafeNat()), {
    minLength: 1,
    maxLength: 20,
    selector: ([writer]) => writer,
  });
  fc.assert(
    fc.property(entries, (given) => {
      const token = encodeVectorToken(new Map(given));
      expect(token).toBe(encodeVectorToken(new Map([...given].reverse())));
      expect(decodeVectorToken(token)).toEqual(new Map([...given].sort(([a], [b]) => a - b)));
    }),
  );
  expect(
    encodeVectorToken(
      new Map([
        [2, 456],
        [1, 123],
      ]),
    ),
  ).toBe('s1.123_2.456');
});

test('the token of one writer is a vector of the first', () => {
  expect(decodeVectorToken('s77')).toEqual(new Map([[1, 77]]));
});

test('nothing malformed is taken for a token', () => {
  const malformed = [
    '',
    's',
    '7',
    's-1',
    's+1',
    's1.5.2',
    's01',
    's1e3',
    's 1',
    's1 ',
    'S1',
    't1',
    's9007199254740993',
  ];
  malformed.push(
    's99999999999999999999',
    's1_2',
    's1.',
    's.1',
    's1.2_',
    '_',
    's1.2_1.3',
    's2.1_1.1',
    's0.1',
    's1\n',
    's١',
  );
  malformed.push(`s${Array.from({ length: 100 }, (_, index) => `${index + 1}.1`).join('_')}`);
  for (const text of malformed) {
    expect([text, decodeSyncToken(text)]).toEqual([text, undefined]);
    expect([text, decodeVectorToken(text)]).toEqual([text, undefined]);
  }
  fc.assert(
    fc.property(fc.string(), (text) => {
      const position = decodeSyncToken(text);
      return position === undefined || encodeSyncToken(position) === text;
    }),
  );
});
