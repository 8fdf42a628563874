import { CanonicalJsonError, encodeCanonicalJson } from '../canonical-json/index.ts';
import { fitsBytes, parseEventIdOfFormat, parseRoomId, parseUserId } from '../identifiers/index.ts';
import { isJsonObject, type JsonObject } from '../json.ts';
import type { RoomVersionRules } from '../room-versions/index.ts';
import type { Pdu } from './pdu.ts';

/** The most events a PDU may name. https://spec.matrix.org/v1.19/rooms/v12/#event-format-1 */
export const MAX_PREV_EVENTS = 20;
export const MAX_AUTH_EVENTS = 10;
/** Of the canonical JSON, signatures included. https://spec.matrix.org/v1.19/client-server-api/#size-limits */
export const MAX_PDU_BYTES = 65_536;
/** Of `type` and of `state_key`. */
export const MAX_KEY_BYTES = 255;

/** The PDU, or why the text of it is none: a phrase for logs and error messages. */
export type FormatVerdict = { readonly ok: true; readonly pdu: Pdu } | { readonly ok: false; readonly reason: string };

/**
 * Whether untrusted JSON is a PDU of the room version with `rules`: the first of the checks on receipt of a PDU. Looks at
 * types, sizes and the grammar of identifiers; knows nothing of signatures, hashes and authorization. `unsigned` counts
 * for nothing in the size, since servers change it in transit.
 *
 * A number such as `1.0` reads as an integer here: where the text is at hand, ask `hasFloatLiteral` too.
 * https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu
 */
export function checkPduFormat(json: unknown, rules: RoomVersionRules): FormatVerdict {
  const reason = isJsonObject(json) ? faultOf(json, rules) : 'it is not an object';
  return reason === undefined ? { ok: true, pdu: json as Pdu } : { ok: false, reason };
}

function faultOf(event: JsonObject, rules: RoomVersionRules): string | undefined {
  return (
    faultOfKeys(event) ??
    faultOfRoomId(event, rules) ??
    faultOfNumbers(event, rules) ??
    faultOfEventIds(event, rules) ??
    faultOfProofs(event) ??
    faultOfMember(event, rules) ??
    faultOfJson(event, rules)
  );
}

function faultOfKeys(event: JsonObject): string | undefined {
  const { type, sender, content, unsigned } = event;
  const stateKey = event.state_key;
  if (typeof type !== 'string' || !isKey(type)) return `type is not a string within ${MAX_KEY_BYTES} bytes`;
  if (typeof sender !== 'string' || parseUserId(sender) === undefined) return 'sender is not a user id';
  if (stateKey !== undefined && (typeof stateKey !== 'string' || !isKey(stateKey))) {
    return `state_key is not a string within ${MAX_KEY_BYTES} bytes`;
  }
  if (!isJsonObject(content)) return 'content is not an object';
  if (unsigned !== undefined && !isJsonObject(unsigned)) return 'unsigned is not an object';
  return undefined;
}

/** PostgreSQL cannot hold NUL in text, so that no server that runs on it has ever let such keys into a room. */
function isKey(text: string): boolean {
  return fitsBytes(text, MAX_KEY_BYTES) && !text.includes('\0');
}

function faultOfRoomId(event: JsonObject, rules: RoomVersionRules): string | undefined {
  const roomId = event.room_id;
  if (rules.roomIdIsCreateHash && event.type === 'm.room.create' && event.state_key === '') {
    return roomId === undefined ? undefined : 'a create event of this room version has no room_id';
  }
  if (typeof roomId !== 'string' || parseRoomId(roomId) === undefined) return 'room_id is not a room id';
  return roomId.includes(':') === rules.roomIdIsCreateHash ? 'room_id is of another room version' : undefined;
}

function faultOfNumbers(event: JsonObject, rules: RoomVersionRules): string | undefined {
  const { depth } = event;
  const timestamp = event.origin_server_ts;
  // Read as a double, the old limit of 2^63-1 is 2^63.
  const limit = rules.strictCanonicalJson ? Number.MAX_SAFE_INTEGER : 2 ** 63;
  if (!isIntegerWithin(depth, 0, limit)) return 'depth is not an integer within its limits';
  if (!isIntegerWithin(timestamp, -limit, limit)) return 'origin_server_ts is not an integer within its limits';
  return undefined;
}

function isIntegerWithin(value: unknown, least: number, greatest: number): boolean {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= greatest;
}

function faultOfEventIds(event: JsonObject, rules: RoomVersionRules): string | undefined {
  if (rules.eventIdFormat === 'opaque' && !isEventId(event.event_id, rules)) return 'event_id is not an event id';
  return (
    faultOfReferences('prev_events', event.prev_events, MAX_PREV_EVENTS, rules) ??
    faultOfReferences('auth_events', event.auth_events, MAX_AUTH_EVENTS, rules)
  );
}

function faultOfReferences(key: string, value: unknown, limit: number, rules: RoomVersionRules): string | undefined {
  if (!Array.isArray(value)) return `${key} is not an array`;
  if (value.length > limit) return `${key} names more than ${limit} events`;
  const isReference =
    rules.eventReferences === 'ids'
      ? (item: unknown) => isEventId(item, rules)
      : (item: unknown) =>
          Array.isArray(item) && item.length === 2 && isEventId(item[0], rules) && isJsonObject(item[1]);
  return value.every(isReference) ? undefined : `${key} holds what is no reference to an event`;
}

function isEventId(value: unknown, rules: RoomVersionRules): boolean {
  return typeof value === 'string' && parseEventIdOfFormat(value, rules.eventIdFormat) !== undefined;
}

function faultOfProofs(event: JsonObject): string | undefined {
  const { hashes, signatures } = event;
  if (!isJsonObject(hashes) || typeof hashes.sha256 !== 'string') return 'hashes has no sha256';
  const isSigned =
    isJsonObject(signatures) &&
    Object.values(signatures).every(
      (ofServer) => isJsonObject(ofServer) && Object.values(ofServer).every((text) => typeof text === 'string'),
    );
  return isSigned ? undefined : 'signatures is not an object of objects of strings';
}

/** The server that this key names must have signed the event, so that it has to name one. */
function faultOfMember(event: JsonObject, rules: RoomVersionRules): string | undefined {
  if (!rules.restrictedJoins || event.type !== 'm.room.member' || !isJsonObject(event.content)) return undefined;
  const authoriser = event.content.join_authorised_via_users_server;
  if (authoriser === undefined || (typeof authoriser === 'string' && parseUserId(authoriser) !== undefined)) {
    return undefined;
  }
  return 'join_authorised_via_users_server is not a user id';
}

function faultOfJson(event: JsonObject, rules: RoomVersionRules): string | undefined {
  try {
    const text = encodeCanonicalJson(event, { strict: rules.strictCanonicalJson, omit: ['unsigned'] });
    return fitsBytes(text, MAX_PDU_BYTES) ? undefined : `it is larger than ${MAX_PDU_BYTES} bytes`;
  } catch (error) {
    if (error instanceof CanonicalJsonError) return error.message;
    throw error;
  }
}
