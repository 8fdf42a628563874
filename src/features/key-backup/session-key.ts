import { badJson, invalidParam } from '#protocol/errors.ts';
import { isJsonObject, type JsonObject } from '#protocol/json.ts';

/** What the server can see of a backed-up key. https://spec.matrix.org/v1.19/client-server-api/#server-side-key-backups */
export interface KeyQuality {
  readonly isVerified: boolean;
  readonly firstMessageIndex: number;
  readonly forwardedCount: number;
}

/** The wire form of a backed-up key. */
export interface KeyBackupData {
  readonly first_message_index: number;
  readonly forwarded_count: number;
  readonly is_verified: boolean;
  readonly session_data: JsonObject;
}

export interface SessionKey extends KeyQuality {
  readonly roomId: string;
  readonly sessionId: string;
  /** JSON. */
  readonly sessionData: string;
}

/**
 * A key as it is stored.
 * @throws MatrixError `M_INVALID_PARAM` without a room or session, `M_BAD_JSON` for numbers that are no counts.
 */
export function toSessionKey(roomId: string, sessionId: string, data: KeyBackupData): SessionKey {
  if (roomId === '' || sessionId === '') throw invalidParam('A key needs the id of its room and of its session');
  // A record's schema passes over names with a line break.
  if (!isJsonObject(data) || !isJsonObject(data.session_data)) throw badJson("'session_data' must be an object");
  for (const name of ['first_message_index', 'forwarded_count'] as const) {
    if (!Number.isSafeInteger(data[name]) || data[name] < 0) throw badJson(`'${name}' must be a count`);
  }
  return {
    roomId,
    sessionId,
    isVerified: data.is_verified,
    firstMessageIndex: data.first_message_index,
    forwardedCount: data.forwarded_count,
    sessionData: JSON.stringify(data.session_data),
  };
}

/** Whether `key` takes the place of `old`: verified before unverified, then the lower index, then the fewer forwards. */
export function isBetter(key: KeyQuality, old: KeyQuality): boolean {
  if (key.isVerified !== old.isVerified) return key.isVerified;
  if (key.firstMessageIndex !== old.firstMessageIndex) return key.firstMessageIndex < old.firstMessageIndex;
  return key.forwardedCount < old.forwardedCount;
}

/** The JSON text of `KeyBackupData`. */
export function toJsonText(key: Omit<SessionKey, 'roomId' | 'sessionId'>): string {
  const { firstMessageIndex, forwardedCount, isVerified, sessionData } = key;
  return (
    `{"first_message_index":${firstMessageIndex},"forwarded_count":${forwardedCount},` +
    `"is_verified":${isVerified},"session_data":${sessionData}}`
  );
}
