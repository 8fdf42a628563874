import type { EventId, RoomAlias, RoomId, ServerName, UserId } from './index.ts';
import { fitsBytes, isLegalText, MAX_ID_BYTES } from './opaque.ts';
import { parseServerName } from './server-name.ts';

const STRICT_LOCALPART = /^[a-z0-9._=/+-]+$/;

/**
 * A user id, historical ones included (any localpart without `:` and NUL, even an empty one), or `undefined`.
 * https://spec.matrix.org/v1.19/appendices/#user-identifiers
 */
export function parseUserId(text: string): UserId | undefined {
  return isDomainId('@', text) ? (text as UserId) : undefined;
}

/**
 * Whether the localpart of `id` is outside the grammar of today. Such users are served, but the server makes no new ones.
 * https://spec.matrix.org/v1.19/appendices/#historical-user-ids
 */
export function isHistoricalUserId(id: UserId): boolean {
  return !STRICT_LOCALPART.test(localpartOf(id));
}

/** The localpart a new user of this server may take, or `undefined`: only `a-z0-9._=/+-`, never empty, never downcased. */
export function parseNewUserLocalpart(text: string): string | undefined {
  return STRICT_LOCALPART.test(text) ? text : undefined;
}

/** The id of user `localpart` on `server`. Whoever makes a new user checks the length with `parseUserId`. */
export function userId(localpart: string, server: ServerName): UserId {
  return `@${localpart}:${server}` as UserId;
}

/** What stands between the sigil and the domain. */
export function localpartOf(id: UserId | RoomAlias | RoomId): string {
  const colon = id.indexOf(':');
  return colon < 0 ? id.slice(1) : id.slice(1, colon);
}

/** The domain of an identifier; `undefined` for the ids without one (room ids of version 12, event ids from version 3). */
export function serverNameOf(id: UserId | RoomAlias): ServerName;
export function serverNameOf(id: RoomId | EventId): ServerName | undefined;
export function serverNameOf(id: UserId | RoomAlias | RoomId | EventId): ServerName | undefined {
  const colon = id.indexOf(':');
  return colon < 0 ? undefined : (id.slice(colon + 1) as ServerName);
}

/** Whether `text` is `<sigil>localpart:domain` within 255 bytes. */
export function isDomainId(sigil: '@' | '!' | '#' | '$', text: string): boolean {
  if (text[0] !== sigil || !fitsBytes(text, MAX_ID_BYTES)) return false;
  const colon = text.indexOf(':');
  if (colon < 0 || parseServerName(text.slice(colon + 1)) === undefined) return false;
  return isLegalText(text);
}
