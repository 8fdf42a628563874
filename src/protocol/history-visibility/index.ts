/**
 * History visibility: whether a user, or another server, may see an event, given the state before it. Here is no look-up of
 * that state, and nothing about erased or ignored senders, retention, or soft-failed events.
 * https://spec.matrix.org/v1.19/client-server-api/#room-history-visibility
 */
export { canSee, isOwnMembership, type Reader } from './can-see.ts';
export { needsServerMemberships, type ReadingServer, serverCanSee } from './server-can-see.ts';
export {
  type HistoryVisibility,
  historyVisibilityOf,
  type Membership,
  membershipOf,
  type VisibilityEvent,
} from './visibility.ts';
