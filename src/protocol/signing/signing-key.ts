import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import type { KeyId } from '../identifiers/index.ts';
import { decodeBase64, encodeBase64 } from './base64.ts';

/** A key the server signs with. */
export interface SigningKey {
  readonly keyId: KeyId;
  readonly privateKey: KeyObject;
  /** Unpadded base64 of the 32 bytes. */
  readonly publicKey: string;
}

/** What precedes the 32 bytes of an Ed25519 seed in DER (RFC 8410). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const SEED_BYTES = 32;

/**
 * The key of a 32-byte seed.
 * @throws Error if `seedBase64` is not base64 of 32 bytes. The message does not hold the seed.
 */
export function signingKeyFromSeed(keyId: KeyId, seedBase64: string): SigningKey {
  const seed = decodeBase64(seedBase64);
  if (seed?.length !== SEED_BYTES) throw new Error(`the seed of signing key ${keyId} is not base64 of 32 bytes`);
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return { keyId, privateKey, publicKey: encodeBase64(spki.subarray(-SEED_BYTES)) };
}

/** The seed of a key, as unpadded base64: what its file holds. */
export function seedOf(key: SigningKey): string {
  return encodeBase64(key.privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-SEED_BYTES));
}

/** The Ed25519 signature of `message` (text counts as UTF-8), as unpadded base64. */
export function signBytes(key: SigningKey, message: Uint8Array | string): string {
  return encodeBase64(sign(null, typeof message === 'string' ? Buffer.from(message) : message, key.privateKey));
}
