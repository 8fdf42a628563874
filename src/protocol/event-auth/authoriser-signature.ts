import type { RoomEvent } from '../events/pdu.ts';
import { parseUserId, serverNameOf } from '../identifiers/index.ts';
import type { RoomVersionRules } from '../room-versions/index.ts';

/**
 * Rule 5.2, as far as it can be decided without keys: a membership event that names who authorised the join carries a
 * signature of that user's server. That the signature is valid is for the signature check, which demands it too
 * (`requiredSignatures` in `../events`). An event without any signature is one that this server is making and has not
 * signed yet.
 */
export function isSignedByAuthoriser({ content, pdu }: RoomEvent, rules: RoomVersionRules): boolean {
  const authoriser = content.join_authorised_via_users_server;
  if (!rules.restrictedJoins || authoriser === undefined) return true;
  const userId = typeof authoriser === 'string' ? parseUserId(authoriser) : undefined;
  if (userId === undefined) return false;
  return Object.hasOwn(pdu.signatures, serverNameOf(userId)) || Object.keys(pdu.signatures).length === 0;
}
