import { describe, expect, test } from 'bun:test';
import { systemRandom } from '#platform/random/index.ts';
import { createToken, hashToken, isPlausibleToken } from './token.ts';

describe('tokens', () => {
  test('a token has its kind’s prefix, a fixed length and a checksum', () => {
    const token = createToken('access', systemRandom);
    expect(token).toMatch(/^myl_at_[A-Za-z0-9]{42}$/);
    expect(isPlausibleToken(token)).toBe(true);
  });

  test('a token with one wrong character is told without the database', () => {
    const token = createToken('refresh', systemRandom);
    const other = token[20] === 'a' ? 'b' : 'a';
    expect(isPlausibleToken(token.slice(0, 20) + other + token.slice(21))).toBe(false);
    expect(isPlausibleToken(token.slice(0, -1))).toBe(false);
  });

  test('tokens of another server are looked up, unless they are absurdly long', () => {
    expect(isPlausibleToken('syt_YWxpY2U_abcdef_0abcde')).toBe(true);
    expect(isPlausibleToken('s'.repeat(5000))).toBe(false);
  });

  test('a thousand tokens are a thousand hashes', () => {
    const hashes = Array.from({ length: 1000 }, () =>
      Buffer.from(hashToken(createToken('access', systemRandom))).toString('hex'),
    );
    expect(new Set(hashes).size).toBe(1000);
  });
});
