/**
 * Event auth: whether an event is allowed by a state (`authorizeEvent`), whether its `auth_events` are the right ones
 * (`checkAuthEvents`, `selectAuthEvents`), and who may redact. Pure functions over room state; they answer a verdict.
 * Signatures and hashes of events are `../signing`'s, except that of a third-party invite, which is an auth rule.
 *
 * Comments number the rules as room version 12 does. In other versions the same rule has another number:
 *
 *                          v1-2  v3-5  v6-11  v12
 *   create                  1     1     1      1
 *   room id                 -     -     -      2
 *   auth_events             2     2     2      3
 *   m.federate              3     3     3      4
 *   aliases                 4     4     -      -
 *   member                  5     5     4      5     (5.2 and 5.3.5 from v8: 4.2 and 4.3.5)
 *   sender is joined        6     6     5      6
 *   third_party_invite      7     7     6      7
 *   required level          8     8     7      8
 *   state_key with `@`      9     9     8      9
 *   power_levels           10    10     9     10     (10.1 and 10.2 from v10, 10.4 from v12)
 *   redaction              11     -     -      -
 *
 * https://spec.matrix.org/v1.19/server-server-api/#authorisation-rules
 */

export { type AuthState, authStateOf } from './auth-state.ts';
export { authorizeEvent, isJudgedBySender } from './authorize-event.ts';
export { checkAuthEvents } from './check-auth-events.ts';
export { authorizeRedactionRequest, canRedact } from './redaction.ts';
export { type AuthorizableEvent, type StateKeyPair, selectAuthEvents } from './select-auth-events.ts';
export type { AuthVerdict } from './verdict.ts';
