import type { RoomEvent } from '../events/pdu.ts';
import { serverNameOf } from '../identifiers/index.ts';
import type { PowerLevels } from '../power-levels/index.ts';
import type { RoomVersionRules } from '../room-versions/index.ts';
import { ALLOWED, type AuthVerdict, allowIf, refused } from './verdict.ts';

/** Rule 11 of versions 1 and 2. */
export function authorizeRedaction(event: RoomEvent, powerLevels: PowerLevels, senderLevel: number): AuthVerdict {
  // 11.1.
  if (senderLevel >= powerLevels.actionLevel('redact')) return ALLOWED;
  // 11.2, 11.3.
  const domain = event.redacts === undefined ? undefined : serverNameOf(event.redacts);
  return allowIf(
    domain !== undefined && domain === serverNameOf(event.eventId),
    'redacting the events of other servers needs a higher power level',
  );
}

/**
 * Whether an accepted redaction takes effect on the event it names, both in one room; `powerLevels` are those at the
 * redaction. In versions 1 and 2 the auth rules have decided already. A redaction that is not applied is not shown to clients.
 * https://spec.matrix.org/v1.19/rooms/v3/#handling-redactions
 */
export function canRedact(
  powerLevels: PowerLevels,
  redaction: Pick<RoomEvent, 'sender' | 'roomId'>,
  original: Pick<RoomEvent, 'sender' | 'roomId'>,
  rules: Pick<RoomVersionRules, 'redactionAuthRule'>,
): boolean {
  if (redaction.roomId !== original.roomId) return false;
  return (
    rules.redactionAuthRule ||
    powerLevels.userLevel(redaction.sender) >= powerLevels.actionLevel('redact') ||
    serverNameOf(redaction.sender) === serverNameOf(original.sender)
  );
}

/**
 * Whether this server lets one of its users ask for a redaction. Stricter than `canRedact`, which trusts a server with all
 * the events of its users: somebody else's event needs the redact level. The create event and the server ACL are never
 * redacted, since up to version 10 that would break the room and open it to servers that are banned.
 * https://spec.matrix.org/v1.19/client-server-api/#redactions
 */
export function authorizeRedactionRequest(
  powerLevels: PowerLevels,
  redaction: Pick<RoomEvent, 'sender' | 'roomId'>,
  original: Pick<RoomEvent, 'sender' | 'roomId' | 'type'>,
): AuthVerdict {
  if (redaction.roomId !== original.roomId) return refused('the event is not in this room');
  if (original.type === 'm.room.create' || original.type === 'm.room.server_acl') {
    return refused(`${original.type} cannot be redacted`);
  }
  if (redaction.sender === original.sender) return ALLOWED;
  return allowIf(
    powerLevels.userLevel(redaction.sender) >= powerLevels.actionLevel('redact'),
    "redacting another user's event needs a higher power level",
  );
}
