import type { EventReferences } from '#protocol/events/index.ts';
import type { ServerName } from '#protocol/identifiers/index.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '#protocol/json.ts';

/**
 * `events.rest`: the keys of a PDU that no column holds, as JSON. Nearly all events have the same of them, and one signature, of their
 * sender's server: of these it is an array, `[auth_events, prev_events, sha256, key id, signature]`, with a sixth element for further
 * keys. What has another form is an object, as it came.
 */
type Usual = readonly [
  authEvents: JsonValue,
  prevEvents: JsonValue,
  sha256: string,
  keyId: string,
  signature: string,
  more?: JsonObject,
];

/** Of an event of ours, the texts before and after the signature. `more` is the text of an object, or empty. */
export function usualRest(
  about: { readonly authEvents: string; readonly prevEvents: string; readonly sha256: string; readonly keyId: string },
  more: string,
): readonly [before: string, after: string] {
  const { authEvents, prevEvents, sha256, keyId } = about;
  return [`[${authEvents},${prevEvents},"${sha256}",${JSON.stringify(keyId)},"`, more === '' ? '"]' : `",${more}]`];
}

/** `origin` is the server of the event's sender. */
export function encodeRest(rest: JsonObject, origin: ServerName): string {
  const { auth_events: authEvents, prev_events: prevEvents, hashes, signatures, ...more } = rest;
  const sha256 = onlyValue(hashes, 'sha256');
  const signed = onlyValue(signatures, origin);
  const [keyId, ...otherKeys] = isJsonObject(signed) ? Object.keys(signed) : [];
  const signature = keyId === undefined || otherKeys.length > 0 ? undefined : onlyValue(signed, keyId);
  if (
    !Array.isArray(authEvents) ||
    !Array.isArray(prevEvents) ||
    typeof sha256 !== 'string' ||
    typeof signature !== 'string'
  ) {
    return JSON.stringify(rest);
  }
  const usual = [authEvents, prevEvents, sha256, keyId, signature];
  return JSON.stringify(Object.keys(more).length === 0 ? usual : [...usual, more]);
}

/** What `encodeRest` or `usualRest` made, of an event whose sender is of that server. */
export function decodeRest(text: string, origin: ServerName): JsonObject {
  const stored = JSON.parse(text) as JsonObject | Usual;
  if (!isUsual(stored)) return stored;
  const [authEvents, prevEvents, sha256, keyId, signature, more] = stored;
  return {
    ...more,
    auth_events: authEvents,
    prev_events: prevEvents,
    hashes: { sha256 },
    signatures: { [origin]: { [keyId]: signature } },
  };
}

/** `auth_events` alone. */
export function authEventsIn(text: string): EventReferences {
  const stored = JSON.parse(text) as JsonObject | Usual;
  return (isUsual(stored) ? stored[0] : stored.auth_events) as unknown as EventReferences;
}

function isUsual(stored: object | Usual): stored is Usual {
  return Array.isArray(stored);
}

/** The value of an object that has this key and no other. */
function onlyValue(value: JsonValue | undefined, key: string): JsonValue | undefined {
  return isJsonObject(value) && Object.hasOwn(value, key) && Object.keys(value).length === 1 ? value[key] : undefined;
}
