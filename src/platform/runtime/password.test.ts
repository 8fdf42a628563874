import { describe, expect, test } from 'bun:test';
import { hashPassword, isOutdatedHash, verifyPassword } from './password.ts';

/** Of `secret`, made by bcrypt with cost 4, under each of the prefixes that libraries write. */
const BCRYPT_TAIL = '04$/8pA52l7KFZ8PQfNIEL8EepYo0avQCf05HgZ1iL0vcew0DYNObJoG';

describe('passwords', () => {
  test('a hash is argon2id and matches its password only', async () => {
    const hash = await hashPassword('secret');
    expect(hash).toStartWith('$argon2id$');
    expect(await verifyPassword('secret', hash)).toBe(true);
    expect(await verifyPassword('Secret', hash)).toBe(false);
    expect(await hashPassword('secret')).not.toBe(hash);
  });

  test('bcrypt hashes of other servers still open their accounts', async () => {
    for (const prefix of ['$2a$', '$2b$', '$2y$']) {
      expect(await verifyPassword('secret', prefix + BCRYPT_TAIL)).toBe(true);
      expect(await verifyPassword('wrong', prefix + BCRYPT_TAIL)).toBe(false);
    }
  });

  test('bcrypt looks at 72 bytes of a long password, as other libraries do', async () => {
    const first72 = 'x'.repeat(72);
    const hash = await Bun.password.hash(first72, { algorithm: 'bcrypt', cost: 4 });
    expect(await verifyPassword(`${first72} and more`, hash)).toBe(true);
  });

  test('nothing matches an empty password or what is no hash', async () => {
    expect(await verifyPassword('', await hashPassword('secret'))).toBe(false);
    expect(await verifyPassword('secret', 'secret')).toBe(false);
  });

  test('only hashes of today’s kind are up to date', async () => {
    expect(isOutdatedHash(await hashPassword('secret'))).toBe(false);
    expect(isOutdatedHash(`$2b$${BCRYPT_TAIL}`)).toBe(true);
  });
});
