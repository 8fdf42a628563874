import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { KeyId, ServerName } from '../identifiers/index.ts';
import {
  decodeBase64,
  encodeBase64,
  encodeBase64Url,
  formatSigningKeyFile,
  PublicKeyCache,
  parseSigningKeyFile,
  publicKeyFromBase64,
  signBytes,
  signingKeyFromSeed,
  signJson,
  verifyJson,
  verifySignature,
} from './index.ts';

/** https://spec.matrix.org/v1.19/appendices/#cryptographic-test-vectors */
const SEED = 'YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1';
const DOMAIN = 'domain' as ServerName;
const KEY_ID = 'ed25519:1' as KeyId;
const KEY = signingKeyFromSeed(KEY_ID, SEED);

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('unpadded base64', () => {
  test.each([
    ['', ''],
    ['f', 'Zg'],
    ['fo', 'Zm8'],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg'],
    ['fooba', 'Zm9vYmE'],
    ['foobar', 'Zm9vYmFy'],
  ])('of %p is %p', (text, encoded) => {
    expect(encodeBase64(bytesOf(text))).toBe(encoded);
    expect([...(decodeBase64(encoded) ?? [])]).toEqual([...bytesOf(text)]);
  });

  test('is read with or without padding, in either alphabet', () => {
    for (const text of ['+/+/Zg', '-_-_Zg', '+/+/Zg==', '-_-_Zg=']) {
      expect(encodeBase64(decodeBase64(text) as Uint8Array)).toBe('+/+/Zg');
      expect(encodeBase64Url(decodeBase64(text) as Uint8Array)).toBe('-_-_Zg');
    }
  });

  test.each(['A', 'Zm9vA', 'Zm9 v', 'Zm=9v', 'Zg===', 'é', 'Zm9v\n'])('%p is none', (text) => {
    expect(decodeBase64(text)).toBeUndefined();
  });

  test('round-trips any bytes, also of a view into a larger buffer', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.nat(5), (bytes, start) => {
        const view = bytes.subarray(start);
        expect([...(decodeBase64(encodeBase64(view)) ?? [])]).toEqual([...view]);
        expect([...(decodeBase64(encodeBase64Url(view)) ?? [])]).toEqual([...view]);
      }),
    );
  });
});

describe('signing JSON', () => {
  const vectors: [object, string][] = [
    [{}, 'K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ'],
    [{ one: 1, two: 'Two' }, 'KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw'],
  ];
  test.each(vectors)('%j is signed as the spec says', (object, signature) => {
    const signed = signJson(object, DOMAIN, KEY);
    expect<unknown>(signed).toEqual({ ...object, signatures: { domain: { 'ed25519:1': signature } } });
    expect(verifyJson(signed, DOMAIN, KEY_ID, KEY.publicKey)).toBe(true);
  });

  test('the public key of the test seed is known', () => {
    expect(KEY.publicKey).toBe('XGX0JRS2Af3be3knz2fBiRbApjm2Dh61gXDJA8kcJNI');
  });

  test('other signatures and unsigned are kept and not covered', () => {
    const once = signJson({ a: 1, unsigned: { age: 5 } }, 'other' as ServerName, KEY);
    const twice = signJson(signJson(once, DOMAIN, KEY), DOMAIN, signingKeyFromSeed('ed25519:2' as KeyId, SEED));
    expect(Object.keys(twice.signatures)).toEqual(['other', 'domain']);
    expect(Object.keys(twice.signatures[DOMAIN] ?? {})).toEqual(['ed25519:1', 'ed25519:2']);
    expect(twice.unsigned).toEqual({ age: 5 });
    expect(verifyJson({ ...twice, unsigned: { age: 6 } }, DOMAIN, KEY_ID, KEY.publicKey)).toBe(true);
    expect(verifyJson({ ...twice, a: 2 }, DOMAIN, KEY_ID, KEY.publicKey)).toBe(false);
  });

  test('what is malformed does not verify', () => {
    const signed = signJson({ a: 1 }, DOMAIN, KEY);
    const signature = signed.signatures[DOMAIN]?.[KEY_ID] ?? '';
    const withSignatures = (signatures: unknown) => ({ a: 1, signatures });
    for (const signatures of [
      undefined,
      null,
      [],
      'x',
      {},
      { domain: null },
      { domain: { [KEY_ID]: 1 } },
      { domain: { [KEY_ID]: '***' } },
      { domain: { [KEY_ID]: signature.slice(4) } },
      { other: { [KEY_ID]: signature } },
      { domain: { 'ed25519:2': signature } },
    ]) {
      expect(verifyJson(withSignatures(signatures), DOMAIN, KEY_ID, KEY.publicKey)).toBe(false);
    }
    expect(verifyJson(signed, 'constructor' as ServerName, KEY_ID, KEY.publicKey)).toBe(false);
    expect(verifyJson(signed, DOMAIN, KEY_ID, 'AAAA')).toBe(false);
    expect(verifyJson(signed, DOMAIN, KEY_ID, 'not base64!')).toBe(false);
    expect(verifyJson({ ...signed, b: '\ud800' }, DOMAIN, KEY_ID, KEY.publicKey)).toBe(false);
  });

  test('a signature of another algorithm is not taken for ours', () => {
    const signature = signBytes(KEY, '{"a":1}');
    const object = { a: 1, signatures: { domain: { 'rsa:1': signature } } };
    expect(verifyJson(object, DOMAIN, 'rsa:1' as KeyId, KEY.publicKey)).toBe(false);
  });

  test('any object verifies with its key and no other', () => {
    const other = signingKeyFromSeed(KEY_ID, SEED.replace('Y', 'Z'));
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (object) => {
        const signed = signJson(object, DOMAIN, KEY);
        expect(verifyJson(signed, DOMAIN, KEY_ID, KEY.publicKey)).toBe(true);
        expect(verifyJson(signed, DOMAIN, KEY_ID, other.publicKey)).toBe(false);
        expect(verifyJson({ ...signed, '': 'changed', x: 1n.toString() }, DOMAIN, KEY_ID, KEY.publicKey)).toBe(false);
      }),
      { numRuns: 50 },
    );
  });

  test('text is signed as UTF-8', () => {
    const key = publicKeyFromBase64(KEY.publicKey);
    const signature = decodeBase64(signBytes(KEY, 'é')) as Uint8Array;
    expect(key && verifySignature(key, bytesOf('é'), signature)).toBe(true);
    expect(key && verifySignature(key, 'e', signature)).toBe(false);
  });
});

describe('keys', () => {
  test('a cache imports a key once and forgets the oldest', () => {
    const cache = new PublicKeyCache(1);
    const first = cache.get(KEY.publicKey);
    expect(first).toBeDefined();
    expect(cache.get(KEY.publicKey)).toBe(first as NonNullable<typeof first>);
    expect(cache.get('nonsense')).toBeUndefined();
    expect(cache.get(KEY.publicKey)).toBe(first as NonNullable<typeof first>);
    cache.get(signingKeyFromSeed(KEY_ID, SEED.replace('Y', 'Z')).publicKey);
    expect(cache.get(KEY.publicKey)).not.toBe(first as NonNullable<typeof first>);
  });

  test('a signing key file is read and written', () => {
    // The seed of the spec has bits set beyond its last byte, which are not written again.
    const seed = SEED.replace(/1$/, '0');
    const text = `ed25519 a_AbCd ${seed}\ned25519 1 ${seed.replace('Y', 'Z')}\n`;
    const keys = parseSigningKeyFile(text);
    expect(keys.map((key): string => key.keyId)).toEqual(['ed25519:a_AbCd', 'ed25519:1']);
    expect(keys[0]?.publicKey).toBe(KEY.publicKey);
    expect(formatSigningKeyFile(keys)).toBe(text);
    expect(parseSigningKeyFile(`# ours\n\n  ed25519 a ${SEED}=\r\n`)).toHaveLength(1);
    expect(parseSigningKeyFile('')).toEqual([]);
  });

  test('a broken key file is refused without telling the secret', () => {
    const refused = [
      `ed25519 ${SEED}`,
      `rsa a ${SEED}`,
      `ed25519 a:b ${SEED}`,
      `ed25519 a ${SEED.slice(4)}`,
      `ed25519 a ${SEED} x`,
    ];
    for (const line of refused) {
      let message = '';
      try {
        parseSigningKeyFile(`\n${line}\n`);
      } catch (error) {
        message = (error as Error).message;
      }
      expect(message).not.toBe('');
      expect(message).not.toContain(SEED.slice(4));
    }
  });
});
