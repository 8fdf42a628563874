import { CanonicalJsonError, encodeCanonicalJson } from '../canonical-json/index.ts';
import type { Signatures } from '../events/pdu.ts';
import type { KeyId, ServerName } from '../identifiers/index.ts';
import { isJsonObject } from '../json.ts';
import { decodeBase64 } from './base64.ts';
import { type PublicKeyCache, publicKeyFromBase64, verifySignature } from './public-key.ts';
import { type SigningKey, signBytes } from './signing-key.ts';

/** What a signature does not cover. */
const UNSIGNED_KEYS = ['signatures', 'unsigned'] as const;

/** The text that is signed of `object`: canonical JSON without `signatures` and `unsigned`. */
function signedText(object: object): string {
  return encodeCanonicalJson(object, { omit: UNSIGNED_KEYS });
}

/**
 * A copy of `object` with the signature of `serverName` added to those it has. `unsigned` is kept and not covered.
 * https://spec.matrix.org/v1.19/appendices/#signing-details
 * @throws CanonicalJsonError if the object has no canonical JSON.
 */
export function signJson<T extends object>(
  object: T,
  serverName: ServerName,
  key: SigningKey,
): T & { readonly signatures: Signatures } {
  return { ...object, signatures: addSignature(object, serverName, key.keyId, signBytes(key, signedText(object))) };
}

/** The signatures of `object`, whatever they are, and one more. */
export function addSignature(object: object, serverName: ServerName, keyId: KeyId, signature: string): Signatures {
  const present = 'signatures' in object && isJsonObject(object.signatures) ? object.signatures : {};
  const ofServer = isJsonObject(present[serverName]) ? present[serverName] : {};
  return { ...present, [serverName]: { ...ofServer, [keyId]: signature } } as Signatures;
}

/** The signature of `serverName` with key `keyId` on `object`, decoded; `undefined` if there is none or it is no base64. */
function signatureOn(object: object, serverName: ServerName, keyId: KeyId): Uint8Array | undefined {
  if (!('signatures' in object) || !isJsonObject(object.signatures)) return undefined;
  const { signatures } = object;
  const ofServer = Object.hasOwn(signatures, serverName) ? signatures[serverName] : undefined;
  const signature = isJsonObject(ofServer) && Object.hasOwn(ofServer, keyId) ? ofServer[keyId] : undefined;
  return typeof signature === 'string' ? decodeBase64(signature) : undefined;
}

/**
 * Whether `object` is signed by `serverName` with key `keyId`, whose public half is `publicKeyBase64`. Anything malformed
 * is an answer of `false`.
 * https://spec.matrix.org/v1.19/appendices/#checking-for-a-signature
 */
export function verifyJson(
  object: object,
  serverName: ServerName,
  keyId: KeyId,
  publicKeyBase64: string,
  cache?: PublicKeyCache,
): boolean {
  const signature = signatureOn(object, serverName, keyId);
  if (signature === undefined || !keyId.startsWith('ed25519:')) return false;
  const publicKey = cache === undefined ? publicKeyFromBase64(publicKeyBase64) : cache.get(publicKeyBase64);
  if (publicKey === undefined) return false;
  try {
    return verifySignature(publicKey, signedText(object), signature);
  } catch (error) {
    if (error instanceof CanonicalJsonError) return false;
    throw error;
  }
}
