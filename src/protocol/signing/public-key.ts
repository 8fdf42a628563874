import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { decodeBase64 } from './base64.ts';

/** What precedes the 32 bytes of an Ed25519 public key in DER (RFC 8410). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** The Ed25519 public key in `text` (base64 of 32 bytes), or `undefined`. */
export function publicKeyFromBase64(text: string): KeyObject | undefined {
  const bytes = decodeBase64(text);
  if (bytes?.length !== KEY_BYTES) return undefined;
  try {
    return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, bytes]), format: 'der', type: 'spki' });
  } catch {
    // 32 bytes that are no point of the curve.
    return undefined;
  }
}

/** Whether `signature` is the Ed25519 signature of `message` (text counts as UTF-8) by the holder of `publicKey`. */
export function verifySignature(publicKey: KeyObject, message: Uint8Array | string, signature: Uint8Array): boolean {
  if (signature.length !== SIGNATURE_BYTES) return false;
  return verify(null, typeof message === 'string' ? Buffer.from(message) : message, publicKey, signature);
}

/** Imported public keys by their base64, the oldest forgotten beyond `capacity`. Importing costs about a verification. */
export class PublicKeyCache {
  readonly #keys = new Map<string, KeyObject>();

  constructor(private readonly capacity: number) {}

  /** The key in `text`, or `undefined` if that is no Ed25519 public key. */
  get(text: string): KeyObject | undefined {
    const known = this.#keys.get(text);
    if (known !== undefined) return known;
    const key = publicKeyFromBase64(text);
    if (key !== undefined) this.#add(text, key);
    return key;
  }

  #add(text: string, key: KeyObject): void {
    const oldest = this.#keys.keys().next();
    if (this.#keys.size >= this.capacity && oldest.done !== true) this.#keys.delete(oldest.value);
    this.#keys.set(text, key);
  }
}
