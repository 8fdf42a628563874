import type { KeyId, ServerName } from '../identifiers/index.ts';
import { isJsonObject, type JsonObject } from '../json.ts';
import { verifyJson } from '../signing/index.ts';

/**
 * How many pairs of a signature and a key are tried. An identity server makes one signature and two keys; without a bound one
 * hostile pair of events could hold hundreds of thousands of pairs and block the server for a minute.
 */
const MAX_ATTEMPTS = 64;

/**
 * Rule 5.4.1.7: whether any Ed25519 signature in `signed` is by any public key of the `m.room.third_party_invite` content. It
 * does not matter which server or key id the signature claims.
 */
export function isSignedByThirdParty(signed: JsonObject, invitation: JsonObject): boolean {
  if (!isJsonObject(signed.signatures)) return false;
  const publicKeys = publicKeysOf(invitation);
  let attempts = 0;
  for (const [entity, byKeyId] of Object.entries(signed.signatures)) {
    for (const keyId of isJsonObject(byKeyId) ? Object.keys(byKeyId) : []) {
      if (!keyId.startsWith('ed25519:')) continue;
      for (const publicKey of publicKeys) {
        if (attempts++ === MAX_ATTEMPTS) return false;
        if (verifyJson(signed, entity as ServerName, keyId as KeyId, publicKey)) return true;
      }
    }
  }
  return false;
}

/** The single `public_key` and those in `public_keys`, as they stand: base64 of either alphabet. */
function publicKeysOf(invitation: JsonObject): readonly string[] {
  const listed = Array.isArray(invitation.public_keys) ? invitation.public_keys : [];
  return [invitation.public_key, ...listed.map((item) => (isJsonObject(item) ? item.public_key : undefined))].filter(
    (key) => typeof key === 'string',
  );
}
