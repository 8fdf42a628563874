/** Secrets handed to clients: opaque, unguessable, and never kept: the database holds their hashes. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { Random } from '#platform/random/index.ts';

/** What a token is for: each kind has a prefix of its own, so that leaked ones can be told apart. */
export type TokenKind = 'access' | 'refresh' | 'login' | 'openid';

const PREFIXES: Readonly<Record<TokenKind, string>> = {
  access: 'myl_at_',
  refresh: 'myl_rt_',
  login: 'myl_lt_',
  openid: 'myl_ot_',
};
/** 36 characters of 62: 214 bits. */
const SECRET_LENGTH = 36;
const CHECKSUM_LENGTH = 6;
const SHAPE = /^myl_[a-z]t_[A-Za-z0-9]{42}$/;

/** A new token of 49 characters: prefix, secret, checksum. */
export function createToken(kind: TokenKind, random: Random): string {
  const body = PREFIXES[kind] + random.text(SECRET_LENGTH);
  return body + checksum(body);
}

/** SHA-256. The secret is too long to be guessed, so nothing slower is needed. */
export function hashToken(token: string): Uint8Array {
  return createHash('sha256').update(token).digest();
}

/**
 * Whether `token` may be one that this server made: text with our prefix must have our shape and checksum. Tokens without
 * it came from another server's database.
 */
export function isPlausibleToken(token: string): boolean {
  if (!token.startsWith('myl_')) return token.length <= 1024;
  return SHAPE.test(token) && token.endsWith(checksum(token.slice(0, -CHECKSUM_LENGTH)));
}

const checksum = (body: string): string =>
  crc32(body)
    .toString(36)
    .padStart(CHECKSUM_LENGTH + 1, '0')
    .slice(-CHECKSUM_LENGTH);
