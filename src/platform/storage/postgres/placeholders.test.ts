import { expect, test } from 'bun:test';
import { numberPlaceholders } from './placeholders.ts';

test('placeholders are numbered in order, and question marks elsewhere are left alone', () => {
  expect(numberPlaceholders('SELECT ? + ?, ?')).toBe('SELECT $1 + $2, $3');
  expect(numberPlaceholders("SELECT '?', 'it''s ?', \"a?\"\"b?\", ?")).toBe("SELECT '?', 'it''s ?', \"a?\"\"b?\", $1");
  expect(numberPlaceholders('SELECT ? -- why?\n, ? /* ? \n ? */')).toBe('SELECT $1 -- why?\n, $2 /* ? \n ? */');
  expect(numberPlaceholders('SELECT $a$ ? $a$, $$ ? $$, ?')).toBe('SELECT $a$ ? $a$, $$ ? $$, $1');
  expect(numberPlaceholders('SELECT 1')).toBe('SELECT 1');
});
