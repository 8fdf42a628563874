import { CanonicalJsonError, encodeCanonicalJson } from '#protocol/canonical-json/index.ts';
import { badJson, invalidParam, MatrixError } from '#protocol/errors.ts';
import type { DeviceId, KeyId, ServerName, UserId } from '#protocol/identifiers/index.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '#protocol/json.ts';
import { decodeBase64, verifyJson } from '#protocol/signing/index.ts';

/** A key to be claimed. `json` is canonical. */
export interface ClaimableKey {
  readonly algorithm: string;
  readonly keyId: string;
  readonly json: string;
}

const PUBLIC_KEY_BYTES = 32;
const FIXED_SIZE_ALGORITHMS: ReadonlySet<string> = new Set(['ed25519', 'curve25519']);

/**
 * The identity keys that `deviceId` of `userId` uploads, without `unsigned`.
 * https://spec.matrix.org/v1.19/client-server-api/#device-keys
 * @throws MatrixError `M_BAD_JSON` for a wrong shape and for keys of another device, `M_INVALID_PARAM` for malformed keys,
 * `M_INVALID_SIGNATURE` where the device's own signature is wrong.
 */
export function parseDeviceKeys(value: JsonObject, userId: UserId, deviceId: DeviceId): JsonObject {
  const { unsigned: _, ...keys } = value;
  checkShape(keys);
  if (keys.user_id !== userId) throw badJson("'device_keys.user_id' is not the user who uploads them");
  if (keys.device_id !== deviceId) throw badJson("'device_keys.device_id' is not the device that uploads them");
  const publicKeys = keys.keys as Record<string, string>;
  for (const [name, key] of Object.entries(publicKeys)) checkPublicKey(name, key);
  const identity = `ed25519:${deviceId}`;
  const publicKey = Object.hasOwn(publicKeys, identity) ? publicKeys[identity] : undefined;
  if (publicKey === undefined) throw invalidParam(`'device_keys.keys' has no '${identity}'`);
  checkOwnSignature(keys, userId, identity as KeyId, publicKey);
  return keys;
}

/** The contract has checked most of it, but for records with a line break in a name, which their schema passes over. */
function checkShape(keys: JsonObject): void {
  const { user_id: userId, device_id: deviceId, algorithms, keys: publicKeys, signatures } = keys;
  if (typeof userId !== 'string') throw badJson("'device_keys.user_id' must be a string");
  if (typeof deviceId !== 'string') throw badJson("'device_keys.device_id' must be a string");
  if (!Array.isArray(algorithms) || !algorithms.every((name) => typeof name === 'string')) {
    throw badJson("'device_keys.algorithms' must be an array of strings");
  }
  if (!isTextMap(publicKeys)) throw badJson("'device_keys.keys' must be an object of strings");
  if (!isJsonObject(signatures) || !Object.values(signatures).every(isTextMap)) {
    throw badJson("'device_keys.signatures' must be signatures by user and key");
  }
}

function isTextMap(value: JsonValue | undefined): boolean {
  return isJsonObject(value) && Object.values(value).every((entry) => typeof entry === 'string');
}

function checkPublicKey(name: string, key: string): void {
  const algorithm = name.slice(0, name.indexOf(':'));
  if (!FIXED_SIZE_ALGORITHMS.has(algorithm)) return;
  if (decodeBase64(key)?.length !== PUBLIC_KEY_BYTES) throw invalidParam(`'${name}' is not base64 of 32 bytes`);
}

/**
 * A signature that is there must be right. Keys without one are taken, as every server takes them: clients ignore such a
 * device, and there are old ones.
 */
function checkOwnSignature(keys: JsonObject, userId: UserId, identity: KeyId, publicKey: string): void {
  const { signatures } = keys as { signatures: Record<string, JsonObject> };
  const own = Object.hasOwn(signatures, userId) ? signatures[userId] : undefined;
  if (own === undefined || !Object.hasOwn(own, identity)) return;
  if (!verifyJson(keys, userId as string as ServerName, identity, publicKey)) {
    throw new MatrixError('M_INVALID_SIGNATURE', 'The device has not signed these device keys');
  }
}

/**
 * The one-time or fallback keys of an upload, by `algorithm:key id`.
 * @throws MatrixError `M_INVALID_PARAM` for a name of another form, `M_BAD_JSON` for a key that is none.
 */
export function parseClaimableKeys(keys: Readonly<Record<string, JsonValue>>): ClaimableKey[] {
  return Object.entries(keys).map(([name, key]) => {
    const colon = name.indexOf(':');
    if (colon < 1 || colon === name.length - 1) throw invalidParam(`'${name}' is not of the form algorithm:key_id`);
    const algorithm = name.slice(0, colon);
    if (algorithm.startsWith('signed_') && !isJsonObject(key)) throw badJson(`'${name}' must be a signed object`);
    return { algorithm, keyId: name.slice(colon + 1), json: canonical(key) };
  });
}

/** As `parseClaimableKeys`, with at most one key an algorithm. */
export function parseFallbackKeys(keys: Readonly<Record<string, JsonValue>>): ClaimableKey[] {
  const parsed = parseClaimableKeys(keys);
  if (new Set(parsed.map((key) => key.algorithm)).size < parsed.length) {
    throw invalidParam('There can be only one fallback key of an algorithm');
  }
  return parsed;
}

function canonical(value: JsonValue): string {
  try {
    return encodeCanonicalJson(value);
  } catch (error) {
    if (error instanceof CanonicalJsonError) throw badJson('A key is not canonical JSON');
    throw error;
  }
}
