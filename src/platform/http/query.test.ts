import { expect, test } from 'bun:test';
import { Type } from '@sinclair/typebox';
import fc from 'fast-check';
import { decodeQuery, parseQuery } from './query.ts';

test('queries are read as URLSearchParams reads them', () => {
  const part = fc.constantFrom(
    'a',
    'b',
    '=',
    '&',
    '+',
    '%20',
    '%C3%A4',
    '%ff',
    '%',
    '%zz',
    'ä',
    '',
    '%26',
    '%3D',
    '%00',
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const text = parts.join('');
      expect([...parseQuery(text)].map(([name, value]) => [name, value])).toEqual([...new URLSearchParams(text)]);
    }),
  );
});

test('a parameter that comes again is a list, or ignored where there is no list', () => {
  const schema = Type.Object({ at: Type.Array(Type.Integer()), from: Type.Optional(Type.String()) });
  expect(decodeQuery(schema, parseQuery('at=1&from=x&at=2&from=y&other=z&at='))).toEqual({ at: [1, 2, ''], from: 'x' });
});
