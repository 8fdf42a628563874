import { type EventId, type KeyId, parseUserId, type ServerName, serverNameOf } from '../identifiers/index.ts';
import { isJsonObject } from '../json.ts';
import { redactPdu } from '../redaction/index.ts';
import type { RoomVersionRules } from '../room-versions/index.ts';
import { encodeBase64, type PublicKeyCache, type SigningKey, signBytes, verifyJson } from '../signing/index.ts';
import { addSignature } from '../signing/sign-json.ts';
import type { UnsignedPdu } from './build-pdu.ts';
import { carriedEventId, contentHash, eventIdOfSignedText, signedTextOf } from './hash.ts';
import type { Pdu } from './pdu.ts';

/** A complete PDU and its id. */
export interface SealedEvent {
  readonly pdu: Pdu;
  readonly eventId: EventId;
}

/**
 * Adds the content hash and our signature to a new event, and tells its id: one encoding serves signature and id.
 * https://spec.matrix.org/v1.19/server-server-api/#adding-hashes-and-signatures-to-outgoing-events
 * @throws CanonicalJsonError if the event has no canonical JSON.
 */
export function sealEvent(
  unsignedPdu: UnsignedPdu,
  serverName: ServerName,
  key: SigningKey,
  rules: RoomVersionRules,
): SealedEvent {
  const { pdu, signedText } = hashAndSign(unsignedPdu, serverName, key, rules);
  const eventId = rules.eventIdFormat === 'opaque' ? carriedEventId(pdu) : eventIdOfSignedText(signedText, rules);
  return { pdu, eventId };
}

/** As `sealEvent`, where the id is of no interest. */
export function signEvent(
  unsignedPdu: UnsignedPdu,
  serverName: ServerName,
  key: SigningKey,
  rules: RoomVersionRules,
): Pdu {
  return hashAndSign(unsignedPdu, serverName, key, rules).pdu;
}

function hashAndSign(
  unsignedPdu: UnsignedPdu,
  serverName: ServerName,
  key: SigningKey,
  rules: RoomVersionRules,
): { readonly pdu: Pdu; readonly signedText: string } {
  const hashes = { sha256: encodeBase64(contentHash(unsignedPdu)) };
  const hashed = { ...unsignedPdu, hashes, signatures: {} } as Pdu;
  const signedText = signedTextOf(hashed, rules);
  return { pdu: { ...hashed, signatures: { [serverName]: { [key.keyId]: signBytes(key, signedText) } } }, signedText };
}

/** Adds our signature to another server's event (an invite to us, a join that we authorise), leaving its hash alone. */
export function countersignEvent(pdu: Pdu, serverName: ServerName, key: SigningKey, rules: RoomVersionRules): Pdu {
  const signature = signBytes(key, signedTextOf(pdu, rules));
  return { ...pdu, signatures: addSignature(pdu, serverName, key.keyId, signature) };
}

/**
 * Whether `serverName` signed the event with key `keyId`, whose public half is `publicKeyBase64`. It holds for the event
 * and for its redacted form alike.
 */
export function verifyEventSignature(
  pdu: Pdu,
  serverName: ServerName,
  keyId: KeyId,
  publicKeyBase64: string,
  rules: RoomVersionRules,
  cache?: PublicKeyCache,
): boolean {
  return verifyJson(redactPdu(pdu, rules), serverName, keyId, publicKeyBase64, cache);
}

/**
 * The servers that must have signed an event, each once: its sender's (unless it is an invite by third-party id, which
 * another server may send), in room versions 1 and 2 also that of its id, and from version 8 the one that authorised the
 * join.
 * https://spec.matrix.org/v1.19/server-server-api/#validating-hashes-and-signatures-on-received-events
 */
export function requiredSignatures(pdu: Pdu, rules: RoomVersionRules): readonly ServerName[] {
  const servers = new Set<ServerName>();
  const ofSender = serverNameOf(pdu.sender);
  if (!isThirdPartyInvite(pdu)) servers.add(ofSender);
  if (rules.eventIdFormat === 'opaque') {
    const ofEventId = serverNameOf(carriedEventId(pdu));
    if (ofEventId !== undefined && ofEventId !== ofSender) servers.add(ofEventId);
  }
  const authoriser = rules.restrictedJoins ? joinAuthoriser(pdu) : undefined;
  if (authoriser !== undefined) servers.add(authoriser);
  return [...servers];
}

function isThirdPartyInvite({ type, content }: Pdu): boolean {
  return type === 'm.room.member' && content.membership === 'invite' && isJsonObject(content.third_party_invite);
}

function joinAuthoriser({ type, content }: Pdu): ServerName | undefined {
  const authoriser = content.join_authorised_via_users_server;
  if (type !== 'm.room.member' || typeof authoriser !== 'string') return undefined;
  const user = parseUserId(authoriser);
  return user === undefined ? undefined : serverNameOf(user);
}
