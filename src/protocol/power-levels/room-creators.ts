import type { RoomEvent } from '../events/pdu.ts';
import type { UserId } from '../identifiers/index.ts';
import type { RoomVersionRules } from '../room-versions/index.ts';

/**
 * The creators of a room by its create event: `content.creator` up to version 10, the sender in version 11, the sender and
 * then `additional_creators` (each once) from version 12. Empty only if `content.creator` is no text.
 * https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules
 */
export function roomCreators(
  createEvent: Pick<RoomEvent, 'sender' | 'content'>,
  rules: Pick<RoomVersionRules, 'creatorIsSender' | 'privilegedCreators'>,
): readonly UserId[] {
  const { sender, content } = createEvent;
  if (!rules.creatorIsSender) return typeof content.creator === 'string' ? [content.creator as UserId] : [];
  const additional = rules.privilegedCreators ? content.additional_creators : undefined;
  if (!Array.isArray(additional) || additional.length === 0) return [sender];
  // The auth rules have checked that these are user ids.
  return [...new Set([sender, ...(additional as UserId[])])];
}
