import { CanonicalJsonError, encodeCanonicalJson } from '#protocol/canonical-json/index.ts';
import { invalidParam } from '#protocol/errors.ts';
import type { KeyId, ServerName, UserId } from '#protocol/identifiers/index.ts';
import { isJsonObject, type JsonObject } from '#protocol/json.ts';
import { decodeBase64, verifyJson } from '#protocol/signing/index.ts';

export const USAGES = ['master', 'self_signing', 'user_signing'] as const;
export type Usage = (typeof USAGES)[number];

/** A public key by which users sign keys. */
export interface CrossSigningKey {
  readonly userId: UserId;
  readonly usage: Usage;
  /** Unpadded base64. */
  readonly publicKey: string;
  readonly json: JsonObject;
}

const PUBLIC_KEY_BYTES = 32;

/**
 * The key that `userId` uploads for `usage`, with the user's own signatures and no others.
 * @throws MatrixError `M_INVALID_PARAM` if it is another's, for another usage, or not exactly one Ed25519 key.
 */
export function parseCrossSigningKey(value: JsonObject, usage: Usage, userId: UserId): CrossSigningKey {
  const { user_id: owner, usage: usages, keys, signatures, unsigned: _, ...others } = value;
  const name = `${usage}_key`;
  if (owner !== userId) throw invalidParam(`'${name}.user_id' is not the user who uploads it`);
  if (!Array.isArray(usages) || !usages.includes(usage)) throw invalidParam(`'${name}.usage' has no '${usage}'`);
  const entries = isJsonObject(keys) ? Object.entries(keys) : [];
  const [id, publicKey] = entries[0] ?? [];
  if (entries.length !== 1 || typeof publicKey !== 'string' || id !== `ed25519:${publicKey}`) {
    throw invalidParam(`'${name}.keys' must have one entry, 'ed25519:' and the public key`);
  }
  // Padding would make two names of one key.
  if (decodeBase64(publicKey)?.length !== PUBLIC_KEY_BYTES || publicKey.includes('=')) {
    throw invalidParam(`'${name}' is not unpadded base64 of 32 bytes`);
  }
  const own = isJsonObject(signatures) && Object.hasOwn(signatures, userId) ? signatures[userId] : undefined;
  const json: JsonObject = { ...others, user_id: userId, usage: usages, keys: keys ?? {} };
  return { userId, usage, publicKey, json: own === undefined ? json : { ...json, signatures: { [userId]: own } } };
}

/** Whether two objects are the same but for `signatures` and `unsigned`. What has no canonical JSON equals nothing. */
export function isSameSigned(a: JsonObject, b: JsonObject): boolean {
  const options = { omit: ['signatures', 'unsigned'] };
  try {
    return encodeCanonicalJson(a, options) === encodeCanonicalJson(b, options);
  } catch (error) {
    if (error instanceof CanonicalJsonError) return false;
    throw error;
  }
}

/** Whether `object` is signed with the Ed25519 key `name` of `signer`. */
export function isSignedBy(object: JsonObject, signer: UserId, name: string, publicKey: string): boolean {
  return verifyJson(object, signer as string as ServerName, `ed25519:${name}` as KeyId, publicKey);
}
