import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { readSearchQuery } from './search-query.ts';
import { searchableTextOf } from './searchable-text.ts';
import { stem } from './stem.ts';
import { toFts5, toTsquery, toTsvector } from './word-index.ts';
import { wordsOf } from './words.ts';

const terms = (text: string): string[] => wordsOf(text).map(({ term }) => term);

test('words of one stem are one word', () => {
  const families = [
    ['upgrade', 'upgrades', 'upgraded', 'upgrading'],
    ['relate', 'related', 'relating'],
    ['message', 'messages'],
    ['connect', 'connected', 'connecting', 'connection', 'connections'],
    ['happy', 'happiness'],
    ['run', 'running', 'runs'],
    ['pony', 'ponies'],
  ];
  for (const family of families) expect(new Set(family.map(stem)).size).toBe(1);
  for (const [word, stemmed] of [
    ['caresses', 'caress'],
    ['hopping', 'hop'],
    ['falling', 'fall'],
    ['filing', 'file'],
    ['relational', 'relat'],
    ['vietnamization', 'vietnam'],
    ['electrical', 'electr'],
    ['goodness', 'good'],
    ['adjustment', 'adjust'],
    ['adoption', 'adopt'],
    ['controller', 'control'],
    ['sky', 'sky'],
    ['is', 'is'],
    ['a1b2', 'a1b2'],
  ] as const) {
    expect([word, stem(word)]).toEqual([word, stemmed]);
  }
});

test('words are told apart in every script, without case and accents', () => {
  expect(terms('Hello, WORLD! it_is e-mail')).toEqual(['hello', 'world', 'it', 'is', 'e', 'mail']);
  expect(terms('Crème Brûlée ﬁne')).toEqual(terms('creme brulee fine'));
  expect(terms('天気がいい')).toEqual(['天', '気', 'か\u3099'.normalize('NFC'), 'い', 'い']);
  expect(terms('I like 🍕🍕')).toEqual(['i', 'like', '🍕', '🍕']);
  expect(terms('नमस्ते')).toHaveLength(1);
  expect(terms('⑴')).toEqual(['1']);
  expect(terms('\0 \ud800 -- "" ()')).toEqual([]);
  expect(terms('x'.repeat(100_000))).toHaveLength(1);
  expect(wordsOf('a '.repeat(50_000)).length).toBeLessThan(10_000);
});

test('a search term is read as words, phrases, exclusions and choices', () => {
  expect(readSearchQuery('cat "big dog" -bird')?.alternatives).toEqual([
    { all: [['cat'], ['big', 'dog']], none: [['bird']] },
  ]);
  expect(readSearchQuery('cat or dog')?.alternatives).toEqual([
    { all: [['cat']], none: [] },
    { all: [['dog']], none: [] },
  ]);
  expect(readSearchQuery('e-mail')?.alternatives).toEqual([{ all: [['e', 'mail']], none: [] }]);
  expect(readSearchQuery('"open phrase')?.alternatives).toEqual([{ all: [['open', 'phrase'].map(stem)], none: [] }]);
  for (const nothing of ['', ' ', '-', '"', '""', 'or', '-cat', '()&|!:*', '\0']) {
    expect(readSearchQuery(nothing)).toBeUndefined();
  }
});

test('whatever is searched for, the engines are told of nothing but words', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom(...'ab\'"\\()&|!:*<->-^{} or'.split('')) }),
  );
  fc.assert(
    fc.property(hostile, (text) => {
      const query = readSearchQuery(text);
      if (query === undefined) return;
      for (const term of query.terms) expect(term).toMatch(/^[\p{L}\p{N}\p{M}\p{Emoji_Presentation}]+$/u);
      expect(toFts5(query, undefined)).not.toContain('\0');
      expect(toTsquery(query).length).toBeGreaterThan(0);
      expect(toTsvector([...query.terms], 1)).not.toMatch(/\\|''/);
    }),
    { numRuns: 5_000 },
  );
});

test('only messages, names and topics have text that is searched', () => {
  const text = (type: string, content: object, stateKey?: string) =>
    searchableTextOf({ type, stateKey, content: content as never });
  expect(text('m.room.message', { body: 'x' })).toEqual({ key: 'content.body', text: 'x' });
  expect(text('m.room.name', { name: 'x' }, '')).toEqual({ key: 'content.name', text: 'x' });
  expect(text('m.room.topic', { topic: 'x' }, '')).toEqual({ key: 'content.topic', text: 'x' });
  const rich = { 'm.text': [{ mimetype: 'text/html', body: '<b>x</b>' }, { body: 'y' }] };
  expect(text('m.room.topic', { topic: 'x', 'm.topic': rich }, '')?.text).toBe('x\ny');
  for (const content of [{}, { body: 7 }, { body: null }, { body: '' }, { body: { a: 1 } }]) {
    expect(text('m.room.message', content)).toBeUndefined();
  }
  for (const odd of [7, [], { 'm.text': 7 }, { 'm.text': [7, null] }, { 'm.text': [{ body: 7 }] }]) {
    expect(text('m.room.topic', { 'm.topic': odd }, '')).toBeUndefined();
  }
  expect(text('m.room.encrypted', { body: 'x' })).toBeUndefined();
  expect(text('m.room.message', { body: 'x' }, '')).toBeUndefined();
  expect(text('m.room.name', { name: 'x' })).toBeUndefined();
});
