import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { parsePropertyPath, valueAtPath } from './property-path.ts';

test('a path is split at dots that are not escaped', () => {
  expect(parsePropertyPath('content.body')).toEqual(['content', 'body']);
  expect(parsePropertyPath('content.m\\.relates_to.rel_type')).toEqual(['content', 'm.relates_to', 'rel_type']);
  expect(parsePropertyPath('content.m\\\\foo')).toEqual(['content', 'm\\foo']);
  expect(parsePropertyPath('a\\xb')).toEqual(['a\\xb']);
  expect(parsePropertyPath('a\\')).toEqual(['a\\']);
});

test('escaped names are read back', () => {
  const names = fc.array(fc.string({ unit: fc.constantFrom('a', '.', '\\', '') }), { minLength: 1, maxLength: 4 });
  fc.assert(
    fc.property(names, (path) => {
      const text = path.map((name) => name.replace(/[\\.]/g, '\\$&')).join('.');
      expect(parsePropertyPath(text)).toEqual(path);
    }),
  );
});

test('a path leads through own properties of objects only', () => {
  expect(valueAtPath({ content: { 'm.x': 1 } }, ['content', 'm.x'])).toBe(1);
  expect(valueAtPath({ content: ['a'] }, ['content', '0'])).toBeUndefined();
  expect(valueAtPath({ content: {} }, ['content', 'constructor', 'name'])).toBeUndefined();
  expect(valueAtPath({ content: null }, ['content', 'body'])).toBeUndefined();
});
