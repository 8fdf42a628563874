import { hasFloatLiteral } from '#protocol/canonical-json/index.ts';
import {
  checkPduFormat,
  type Pdu,
  type RoomEvent,
  requiredSignatures,
  toRoomEvent,
  verifyContentHash,
  verifyEventSignature,
} from '#protocol/events/index.ts';
import type { KeyId, RoomId, ServerName } from '#protocol/identifiers/index.ts';
import { redactPdu } from '#protocol/redaction/index.ts';
import type { RoomVersionRules } from '#protocol/room-versions/index.ts';
import type { PublicKeyCache } from '#protocol/signing/index.ts';
import type { IncomingPdu, KeyProvider } from './incoming-pdu.ts';

/** Signatures of one server that are tried: each may cost a request for a key. */
const SIGNATURES_TRIED = 5;

export type PduCheck =
  | { readonly ok: true; readonly event: RoomEvent }
  | { readonly ok: false; readonly reason: string };

/**
 * The checks on receipt of a PDU that look at nothing but the PDU: format, signatures, content hash. An event whose hash is
 * wrong goes on in its redacted form.
 * https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu
 */
export async function checkPdu(
  { json, text }: IncomingPdu,
  room: { readonly roomId: RoomId; readonly rules: RoomVersionRules },
  keys: KeyProvider,
  keyCache: PublicKeyCache,
): Promise<PduCheck> {
  const { rules } = room;
  if (rules.strictCanonicalJson && text !== undefined && hasFloatLiteral(text)) {
    return { ok: false, reason: 'it holds a float' };
  }
  const format = checkPduFormat(json, rules);
  if (!format.ok) return format;
  const { pdu } = format;
  if (pdu.room_id !== undefined && pdu.room_id !== room.roomId) return { ok: false, reason: 'it is of another room' };
  for (const server of requiredSignatures(pdu, rules)) {
    if (await isSignedBy(server, pdu, rules, keys, keyCache)) continue;
    return { ok: false, reason: `it has no valid signature of ${server}` };
  }
  const event = toRoomEvent(verifyContentHash(pdu) ? pdu : redactPdu(pdu, rules), rules);
  if (event.roomId !== room.roomId) return { ok: false, reason: 'it is of another room' };
  return { ok: true, event };
}

async function isSignedBy(
  server: ServerName,
  pdu: Pdu,
  rules: RoomVersionRules,
  keys: KeyProvider,
  keyCache: PublicKeyCache,
): Promise<boolean> {
  const signatures = Object.hasOwn(pdu.signatures, server) ? pdu.signatures[server]! : {};
  const validAt = rules.enforceKeyValidity ? pdu.origin_server_ts : undefined;
  const keyIds = Object.keys(signatures).filter((keyId) => keyId.startsWith('ed25519:')) as KeyId[];
  for (const keyId of keyIds.slice(0, SIGNATURES_TRIED)) {
    const publicKey = await keys.publicKey(server, keyId, validAt);
    if (publicKey !== undefined && verifyEventSignature(pdu, server, keyId, publicKey, rules, keyCache)) return true;
  }
  return false;
}
