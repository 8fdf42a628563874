import { hash, timingSafeEqual } from 'node:crypto';
import { encodeCanonicalJson } from '../canonical-json/index.ts';
import type { EventId } from '../identifiers/index.ts';
import { redactPdu } from '../redaction/index.ts';
import type { RoomVersionRules } from '../room-versions/index.ts';
import { decodeBase64, encodeBase64, encodeBase64Url } from '../signing/index.ts';
import type { Pdu } from './pdu.ts';

const OUTSIDE_CONTENT_HASH = ['unsigned', 'signatures', 'hashes'] as const;
const OUTSIDE_SIGNATURE = ['unsigned', 'signatures'] as const;

/**
 * The SHA-256 of the whole event but its `unsigned`, `signatures` and `hashes`.
 * https://spec.matrix.org/v1.19/server-server-api/#calculating-the-content-hash-for-an-event
 * @throws CanonicalJsonError
 */
export function contentHash(event: object): Uint8Array {
  return sha256(encodeCanonicalJson(event, { omit: OUTSIDE_CONTENT_HASH }));
}

/** Whether the event is as its sender hashed it. If not, servers go on with its redacted form. */
export function verifyContentHash(pdu: Pdu): boolean {
  const claimed = decodeBase64(pdu.hashes.sha256);
  const actual = contentHash(pdu);
  return claimed?.length === actual.length && timingSafeEqual(claimed, actual);
}

/**
 * The canonical JSON of the redacted event without `signatures` and `unsigned`: what the signatures are on, and what the
 * reference hash is of.
 * @throws CanonicalJsonError
 */
export function signedTextOf(pdu: Pdu, rules: RoomVersionRules): string {
  return encodeCanonicalJson(redactPdu(pdu, rules), { omit: OUTSIDE_SIGNATURE });
}

/** https://spec.matrix.org/v1.19/server-server-api/#calculating-the-reference-hash-for-an-event */
export function referenceHash(pdu: Pdu, rules: RoomVersionRules): Uint8Array {
  return sha256(signedTextOf(pdu, rules));
}

/** The reference hash in unpadded base64, as `prev_events` and `auth_events` of room versions 1 and 2 hold it. */
export function referenceHashBase64(pdu: Pdu, rules: RoomVersionRules): string {
  return encodeBase64(referenceHash(pdu, rules));
}

/** The id of an event: carried in it (room versions 1 and 2), or its reference hash. */
export function eventIdOf(pdu: Pdu, rules: RoomVersionRules): EventId {
  return rules.eventIdFormat === 'opaque' ? carriedEventId(pdu) : eventIdOfSignedText(signedTextOf(pdu, rules), rules);
}

/** The id of the event of which `signedTextOf` is `text`; not for versions whose events carry their ids. */
export function eventIdOfSignedText(text: string, rules: RoomVersionRules): EventId {
  const bytes = sha256(text);
  return `$${rules.eventIdFormat === 'base64url' ? encodeBase64Url(bytes) : encodeBase64(bytes)}` as EventId;
}

export function carriedEventId(pdu: Pdu): EventId {
  if (pdu.event_id === undefined) throw new Error('a PDU of room version 1 or 2 has no event_id');
  return pdu.event_id;
}

function sha256(text: string): Buffer {
  return hash('sha256', text, 'buffer');
}
