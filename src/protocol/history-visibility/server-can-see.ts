import {
  type HistoryVisibility,
  type Membership,
  membershipOf,
  type VisibilityEvent,
  visibilitiesAt,
} from './visibility.ts';

/** The server that wants to read an event. */
export interface ReadingServer {
  readonly serverName: string;
  /** The memberships of its users in the state before the event. Read only where the visibility makes them matter. */
  readonly memberships: Iterable<Membership>;
  /** Whether one of its users is in the room now, or joined it at any point after the event. */
  readonly joinedSince: boolean;
}

/** Whether the memberships of a server's users matter for an event; if not, they need not be looked up. */
export function needsServerMemberships(
  event: VisibilityEvent,
  visibilityBefore: HistoryVisibility,
  joinedSince: boolean,
): boolean {
  return !visibilitiesAt(event, visibilityBefore).some((visibility) => isOpen(visibility, joinedSince));
}

/**
 * Whether a server may be given an event: whether any of its users may see it. As for users, an event that changes the
 * visibility, or the membership of one of the server's users, counts with what holds before and after it. Whether its
 * sender was erased, and whether a server ACL denies the server, are other questions.
 * https://spec.matrix.org/v1.19/client-server-api/#room-history-visibility
 */
export function serverCanSee(
  event: VisibilityEvent,
  visibilityBefore: HistoryVisibility,
  server: ReadingServer,
): boolean {
  if (!needsServerMemberships(event, visibilityBefore, server.joinedSince)) return true;
  const invitedSee = visibilitiesAt(event, visibilityBefore).includes('invited');
  const sees = (membership: Membership): boolean => membership === 'join' || (invitedSee && membership === 'invite');
  if (isMembershipOf(event, server.serverName) && sees(membershipOf(event.content))) return true;
  for (const membership of server.memberships) {
    if (sees(membership)) return true;
  }
  return false;
}

function isOpen(visibility: HistoryVisibility, joinedSince: boolean): boolean {
  return visibility === 'world_readable' || (visibility === 'shared' && joinedSince);
}

function isMembershipOf(event: VisibilityEvent, serverName: string): boolean {
  if (event.type !== 'm.room.member' || event.stateKey === undefined) return false;
  return event.stateKey.slice(event.stateKey.indexOf(':') + 1) === serverName;
}
