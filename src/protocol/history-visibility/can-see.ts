import {
  type HistoryVisibility,
  type Membership,
  membershipOf,
  type VisibilityEvent,
  visibilitiesAt,
} from './visibility.ts';

/** The user who wants to read an event. */
export interface Reader {
  readonly userId: string;
  /** Their membership in the state before the event; `leave` if they had none. */
  readonly membership: Membership;
  /** Whether they joined the room at any point after the event, even if they have left again since. */
  readonly joinedSince: boolean;
}

/**
 * Whether a user may see an event, given the history visibility before it. The event must not be an outlier (whose state is
 * not known, see `isOwnMembership`), nor rejected or soft-failed; whether its sender was erased or is ignored is another
 * question.
 * https://spec.matrix.org/v1.19/client-server-api/#room-history-visibility
 */
export function canSee(event: VisibilityEvent, visibilityBefore: HistoryVisibility, reader: Reader): boolean {
  const own = isOwnMembership(event, reader.userId);
  // Beyond the specification: whoever was in the room, invited or knocking learns that this ended, whatever the visibility,
  // or the room would never go away for them.
  if (own && PRESENT.has(reader.membership)) return true;
  const memberships = own ? [reader.membership, membershipOf(event.content)] : [reader.membership];
  return visibilitiesAt(event, visibilityBefore).some((visibility) =>
    memberships.some((membership) => allows(visibility, membership, reader.joinedSince)),
  );
}

/**
 * Whether the event is the user's own membership. Of events whose state is not known, such as an invite from a room that
 * this server is not in, it is the only one that a user may see.
 */
export function isOwnMembership(event: VisibilityEvent, userId: string): boolean {
  return event.type === 'm.room.member' && event.stateKey === userId;
}

const PRESENT: ReadonlySet<Membership> = new Set(['join', 'invite', 'knock']);

/** The rules, numbered as in the specification. */
function allows(visibility: HistoryVisibility, membership: Membership, joinedSince: boolean): boolean {
  // 1. If the history_visibility was set to world_readable, allow.
  if (visibility === 'world_readable') return true;
  // 2. If the user's membership was join, allow.
  if (membership === 'join') return true;
  // 3. If history_visibility was set to shared, and the user joined the room at any point after the event, allow.
  if (visibility === 'shared' && joinedSince) return true;
  // 4. If the user's membership was invite, and the history_visibility was set to invited, allow.
  if (membership === 'invite' && visibility === 'invited') return true;
  // 5. Otherwise, deny.
  return false;
}
