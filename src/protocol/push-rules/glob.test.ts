import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { compileGlob, containsWord } from './glob.ts';

/** The definition, by recursion over code points. */
function reference(pattern: readonly string[], text: readonly string[]): boolean {
  const [head, ...rest] = pattern;
  if (head === undefined) return text.length === 0;
  if (head === '*') return reference(rest, text) || (text.length > 0 && reference(pattern, text.slice(1)));
  return text.length > 0 && (head === '?' || head === text[0]) && reference(rest, text.slice(1));
}

/** The definition: some substring between two boundaries matches. */
function wordReference(pattern: string, text: string): boolean {
  const points = [...text];
  const isBoundary = (at: number): boolean =>
    at === 0 || at === points.length || /[^A-Za-z0-9_]/.test(points[at - 1]!) || /[^A-Za-z0-9_]/.test(points[at]!);
  return points
    .concat('')
    .some(
      (_, start) =>
        isBoundary(start) &&
        points
          .concat('')
          .some((_, end) => end >= start && isBoundary(end) && reference([...pattern], points.slice(start, end))),
    );
}

const alphabet = (characters: string) => fc.constantFrom(...characters);
// A narrow alphabet makes stretches of a pattern overlap in the text; a wide one has boundaries and surrogate pairs.
const strings = (narrow: string, wide: string, maxLength: number) =>
  fc.oneof(...[narrow, wide].map((characters) => fc.string({ unit: alphabet(characters), maxLength })));
const patterns = strings('ab**?', 'ab?*_ 😀-', 7);
const texts = strings('ab', 'ab_ 😀-', 9);

describe('a glob', () => {
  test('matches the whole text exactly as its definition says', () => {
    fc.assert(
      fc.property(patterns, texts, (pattern, text) => {
        expect(compileGlob(pattern).matches(text)).toBe(reference([...pattern], [...text]));
      }),
      { numRuns: 5000 },
    );
  });

  test('matches words exactly as its definition says', () => {
    fc.assert(
      fc.property(patterns, texts, (pattern, text) => {
        expect(compileGlob(pattern).matchesWord(text)).toBe(wordReference(pattern, text));
      }),
      { numRuns: 5000 },
    );
  });

  test('takes ? as itself where only * is a wildcard', () => {
    expect(compileGlob('m.?*', '*').matches('m.?room')).toBe(true);
    expect(compileGlob('m.?*', '*').matches('m.room')).toBe(false);
    expect(compileGlob('m.?', '*').isLiteral).toBe(true);
  });

  test('takes the characters of regular expressions as themselves', () => {
    expect(compileGlob('(a+)+$*').matches('(a+)+$ and more')).toBe(true);
    expect(compileGlob('a.c').matches('abc')).toBe(false);
    expect(compileGlob('[ab]*').matches('a')).toBe(false);
  });

  test('answers patterns that make backtracking matchers hang', () => {
    const text = 'a'.repeat(60_000);
    expect(compileGlob(`${'a*'.repeat(500)}b`).matches(text)).toBe(false);
    expect(compileGlob(`${'a*'.repeat(500)}b`).matchesWord(text)).toBe(false);
    expect(compileGlob(`${'?*'.repeat(500)}b`).matchesWord(`${text} ${text}`)).toBe(false);
  });
});

test('a word is found between boundaries only', () => {
  expect(containsWord('Hello alice!', 'alice')).toBe(true);
  expect(containsWord('malice alice', 'alice')).toBe(true);
  expect(containsWord('malice alices alice_', 'alice')).toBe(false);
  expect(containsWord('*star*', '*star*')).toBe(true);
  expect(containsWord('', '')).toBe(true);
});
