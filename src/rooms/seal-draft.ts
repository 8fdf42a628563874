import { hash } from 'node:crypto';
import { CanonicalJsonError, encodeCanonicalJson } from '#protocol/canonical-json/index.ts';
import { badJson, MatrixError } from '#protocol/errors.ts';
import { MAX_KEY_BYTES, MAX_PDU_BYTES, type Pdu } from '#protocol/events/index.ts';
import { type EventId, fitsBytes, type ServerName } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { redactedContent } from '#protocol/redaction/index.ts';
import type { RoomVersionRules } from '#protocol/room-versions/index.ts';
import { SIGNATURE_LENGTH, SignedText, type SigningKey } from '#protocol/signing/index.ts';
import { usualRest } from './pdu-rest.ts';

/** An event of ours, hashed and signed, as it is stored. */
export interface SealedDraft {
  readonly eventId: EventId;
  /** The content's canonical JSON. */
  readonly contentText: string;
  /** What has no column: edges, `redacts`, hashes and signatures, as `pdu-rest` keeps them. Signed by whoever needs it first. */
  readonly rest: SignedText;
}

/**
 * Checks, hashes and signs an event that this server makes: what `sealEvent` and `checkPduFormat` do together, for an event
 * of which all but type, state key and content is our own; what stands in for its proofs is not looked at. Each part is encoded once, and the texts that are hashed,
 * signed, measured and stored are put together of the parts; the keys stand in canonical order.
 * @throws MatrixError 413 `M_TOO_LARGE`; 400 `M_BAD_JSON` for content that the room version cannot hold.
 */
export function sealDraft(
  event: Pdu,
  signer: { readonly serverName: ServerName; readonly key: SigningKey },
  rules: RoomVersionRules,
): SealedDraft {
  checkKeys(event);
  const contentText = encodeContent(event.content, rules);
  const authEvents = JSON.stringify(event.auth_events);
  const prevEvents = JSON.stringify(event.prev_events);
  const redacts = typeof event.redacts === 'string' ? `,"redacts":${JSON.stringify(event.redacts)}` : '';
  // Everything between the content and what differs between the two texts.
  const depthAndId = `,"depth":${event.depth}${event.event_id === undefined ? '' : `,"event_id":${JSON.stringify(event.event_id)}`}`;
  const timeAndEdges = `,"origin_server_ts":${event.origin_server_ts},"prev_events":${prevEvents}`;
  const end = tailOf(event);

  const hashedText = `{"auth_events":${authEvents},"content":${contentText}${depthAndId}${timeAndEdges}${redacts}${end}`;
  const sha256 = sha256Base64(hashedText);
  const hashes = `"hashes":{"sha256":"${sha256}"}`;
  const kept = rules.redaction.topLevelKeys.includes('redacts') ? redacts : '';
  const keptContent = encodeKept(event.type, event.content, contentText, rules);
  const signedText = `{"auth_events":${authEvents},"content":${keptContent}${depthAndId},${hashes}${timeAndEdges}${kept}${end}`;
  const signatures = `"signatures":{${JSON.stringify(signer.serverName)}:{${JSON.stringify(signer.key.keyId)}:""}}`;

  // The whole event is the hashed text and two more keys, each with its comma.
  const moreBytes = hashes.length + signatures.length + SIGNATURE_LENGTH + 2;
  if (!fitsBytes(hashedText, MAX_PDU_BYTES - moreBytes)) throw new MatrixError('M_TOO_LARGE', 'The event is too large');
  const more = redacts === '' ? '' : `{${redacts.slice(1)}}`;
  const [before, after] = usualRest({ authEvents, prevEvents, sha256, keyId: signer.key.keyId }, more);
  return {
    eventId: event.event_id ?? eventIdOf(signedText, rules),
    contentText,
    rest: new SignedText(signer.key, signedText, before, after),
  };
}

/** As `eventIdOfSignedText`, without a copy of the hash in between. */
function eventIdOf(signedText: string, rules: RoomVersionRules): EventId {
  const id = rules.eventIdFormat === 'base64url' ? hash('sha256', signedText, 'base64url') : sha256Base64(signedText);
  return `$${id}` as EventId;
}

/** Unpadded: 32 bytes are 43 characters. */
function sha256Base64(text: string): string {
  return hash('sha256', text, 'base64').slice(0, 43);
}

function checkKeys({ type, state_key: stateKey = '' }: Pdu): void {
  if (!fitsBytes(type, MAX_KEY_BYTES)) throw new MatrixError('M_TOO_LARGE', 'The event type is too long');
  if (!fitsBytes(stateKey, MAX_KEY_BYTES)) throw new MatrixError('M_TOO_LARGE', 'The state key is too long');
  for (const text of [type, stateKey]) {
    if (text.includes('\0') || !text.isWellFormed()) throw badJson('The type and the state key must be storable text');
  }
}

function encodeContent(content: JsonObject, rules: RoomVersionRules): string {
  try {
    return encodeCanonicalJson(content, { strict: rules.strictCanonicalJson });
  } catch (error) {
    if (error instanceof CanonicalJsonError) throw badJson(error.message);
    throw error;
  }
}

/** What a redaction would leave of the content: nothing at all of most. */
function encodeKept(type: string, content: JsonObject, contentText: string, rules: RoomVersionRules): string {
  if (!Object.hasOwn(rules.redaction.contentKeys, type)) return '{}';
  const kept = redactedContent(type, content, rules);
  return kept === content ? contentText : encodeCanonicalJson(kept);
}

/** From the room id on. */
function tailOf({ room_id: roomId, sender, state_key: stateKey, type }: Pdu): string {
  const room = roomId === undefined ? '' : `,"room_id":${JSON.stringify(roomId)}`;
  const state = stateKey === undefined ? '' : `,"state_key":${JSON.stringify(stateKey)}`;
  return `${room},"sender":${JSON.stringify(sender)}${state},"type":${JSON.stringify(type)}}`;
}
