import type { EventId } from './index.ts';
import { fitsBytes, isLegalText, MAX_ID_BYTES } from './opaque.ts';
import { isDomainId } from './user-id.ts';

const HASHED = { base64: /^\$[A-Za-z0-9+/]{43}$/, base64url: /^\$[A-Za-z0-9_-]{43}$/ };

/**
 * An event id of whatever room version, or `undefined`. An id names its room version to nobody, so this asks little: the
 * sigil and 1 to 254 further bytes. `parseEventIdOfFormat` asks what one version asks.
 * https://spec.matrix.org/v1.19/appendices/#event-ids
 */
export function parseEventId(text: string): EventId | undefined {
  const isEventId = text.length > 1 && text[0] === '$' && fitsBytes(text, MAX_ID_BYTES) && isLegalText(text);
  return isEventId ? (text as EventId) : undefined;
}

/** An event id in the format of one room version (`RoomVersionRules.eventIdFormat`), or `undefined`. */
export function parseEventIdOfFormat(text: string, format: 'opaque' | 'base64' | 'base64url'): EventId | undefined {
  const isEventId = format === 'opaque' ? isDomainId('$', text) : HASHED[format].test(text);
  return isEventId ? (text as EventId) : undefined;
}
