import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { CanonicalJsonError, checkStrictJson, encodeCanonicalJson, hasFloatLiteral } from './index.ts';

/** https://spec.matrix.org/v1.19/appendices/#examples */
const VECTORS: [string, string][] = [
  ['{}', '{}'],
  ['{"one": 1, "two": "Two"}', '{"one":1,"two":"Two"}'],
  ['{"b": "2", "a": "1"}', '{"a":"1","b":"2"}'],
  ['{"b":"2","a":"1"}', '{"a":"1","b":"2"}'],
  [
    `{"auth": {"success": true, "mxid": "@john.doe:example.com", "profile": {"display_name": "John Doe", "three_pids": [
      {"medium": "email", "address": "john.doe@example.org"}, {"medium": "msisdn", "address": "123456789"}]}}}`,
    '{"auth":{"mxid":"@john.doe:example.com","profile":{"display_name":"John Doe","three_pids":[{"address":"john.doe@example.org","medium":"email"},{"address":"123456789","medium":"msisdn"}]},"success":true}}',
  ],
  ['{"a": "日本語"}', '{"a":"日本語"}'],
  ['{"本": 2, "日": 1}', '{"日":1,"本":2}'],
  ['{"a": "\\u65E5"}', '{"a":"日"}'],
  ['{"a": null}', '{"a":null}'],
  ['{"a": -0, "b": 1e10}', '{"a":0,"b":10000000000}'],
];

const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth));

describe('the encoding', () => {
  test.each(VECTORS)('%s is encoded as the spec says', (input, expected) => {
    expect(encodeCanonicalJson(JSON.parse(input))).toBe(expected);
  });

  test('sorts by code point, not by UTF-16 unit', () => {
    const keys = ['\u{1f600}', '\ufffd', '\ue000', 'a\u{10000}', 'a\uffff', 'a', '', 'Z'];
    const object = Object.fromEntries(keys.map((key) => [key, 1]));
    expect(Object.keys(JSON.parse(encodeCanonicalJson(object)))).toEqual([
      '',
      'Z',
      'a',
      'a\uffff',
      'a\u{10000}',
      '\ue000',
      '\ufffd',
      '\u{1f600}',
    ]);
  });

  test('sorts keys that look like numbers as text', () => {
    expect(encodeCanonicalJson({ 9: 1, 10: 2, b: 3 })).toBe('{"10":2,"9":1,"b":3}');
  });

  test('keeps a key named __proto__', () => {
    expect(encodeCanonicalJson(JSON.parse('{"__proto__":{"a":1}}'))).toBe('{"__proto__":{"a":1}}');
  });

  test('escapes what must be escaped and nothing else', () => {
    expect(encodeCanonicalJson('\b\t\n\f\r"\\\u0000\u001f\u007f\u2028/<é')).toBe(
      '"\\b\\t\\n\\f\\r\\"\\\\\\u0000\\u001f\u007f\u2028/<é"',
    );
  });

  test('leaves out keys without a value, and those it is told to', () => {
    expect(encodeCanonicalJson({ a: undefined, b: { signatures: 1 }, signatures: 2 }, { omit: ['signatures'] })).toBe(
      '{"b":{"signatures":1}}',
    );
  });

  test('writes great whole numbers as integers', () => {
    expect(encodeCanonicalJson([1e21, -1e21, 2 ** 53, 1.5])).toBe(
      '[1000000000000000000000,-1000000000000000000000,9007199254740992,1.5]',
    );
  });

  test('restores the depth limit of old room versions, which a double cannot hold', () => {
    expect(encodeCanonicalJson(JSON.parse('{"depth":9223372036854775807}'))).toBe('{"depth":9223372036854775807}');
  });

  test.each([
    ['NaN', Number.NaN],
    ['infinity', JSON.parse('1e999')],
    ['a lone surrogate', '\ud800'],
    ['a lone surrogate in a key', { '\udc00': 1 }],
    ['undefined in an array', [undefined]],
    ['a bigint', 1n],
    ['a function', () => 0],
  ])('%s has none', (_name, value) => {
    expect(() => encodeCanonicalJson({ value })).toThrow(CanonicalJsonError);
  });

  test('nesting is bounded, so that nothing overflows the stack', () => {
    expect(encodeCanonicalJson(nested(1000))).toHaveLength(2000);
    expect(() => encodeCanonicalJson(nested(1001))).toThrow(CanonicalJsonError);
    let object = {};
    for (let depth = 0; depth < 200_000; depth += 1) object = { a: object };
    expect(() => encodeCanonicalJson(object)).toThrow(CanonicalJsonError);
  });
});

describe('strict JSON', () => {
  test.each(['1.5', '-0.1', '9007199254740992', '-9007199254740992', '1e300'])('refuses %s', (text) => {
    expect(checkStrictJson({ a: [JSON.parse(text)] }).ok).toBe(false);
    expect(() => encodeCanonicalJson({ a: JSON.parse(text) }, { strict: true })).toThrow(CanonicalJsonError);
  });

  test.each(['0', '-0', '9007199254740991', '-9007199254740991', '"1.5"', 'null'])('allows %s', (text) => {
    expect(checkStrictJson({ a: [JSON.parse(text)] })).toEqual({ ok: true });
  });

  test.each(['1.0', '{"a":-0.0}', '[1,2e3]', '{"a":1E5}', '{"a\\"b":"x\\\\","c":1.0}'])(
    '%s has a float literal',
    (text) => {
      expect(hasFloatLiteral(text)).toBe(true);
    },
  );

  test.each([
    '1',
    'true',
    'false',
    '{"a":"1.0"}',
    '{"1e5":false}',
    '{"a\\"1.0":"2.5\\\\"}',
    '["\\\\\\"1.5",true,-3]',
    '"1.5',
  ])('%s has none', (text) => {
    expect(hasFloatLiteral(text)).toBe(false);
  });
});

describe('for whatever JSON', () => {
  const json = fc.jsonValue({ depthSize: 'medium' });
  const integers = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.maxSafeInteger());

  test('the encoding reads back as the same value', () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = encodeCanonicalJson(value);
        // -0 and 0 are one number here, as they are in JSON.
        expect(encodeCanonicalJson(JSON.parse(text))).toBe(text);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('the order of keys makes no difference, and code points order them', () => {
    fc.assert(
      fc.property(integers, (object) => {
        const text = encodeCanonicalJson(object, { strict: true });
        expect(encodeCanonicalJson(Object.fromEntries(Object.entries(object).reverse()))).toBe(text);
        const written = [...text.matchAll(/("(?:[^"\\]|\\.)*"):/g)].map(
          ([, key]) => JSON.parse(key as string) as string,
        );
        const sorted = Object.keys(object).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
        expect(written).toEqual(sorted);
      }),
    );
  });

  test('float literals are found exactly where a number is written as one', () => {
    fc.assert(
      fc.property(json, (value) => {
        const text = JSON.stringify(value);
        let found = false;
        JSON.parse(text, (_key, item) => {
          if (typeof item === 'number' && /[.e]/.test(JSON.stringify(item))) found = true;
          return item;
        });
        expect(hasFloatLiteral(text)).toBe(found);
      }),
    );
  });
});
