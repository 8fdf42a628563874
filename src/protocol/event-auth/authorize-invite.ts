import type { RoomEvent } from '../events/pdu.ts';
import type { UserId } from '../identifiers/index.ts';
import { isJsonObject, type JsonValue } from '../json.ts';
import type { RoomVersionRules } from '../room-versions/index.ts';
import { type AuthState, membershipOf, powerLevelsOf } from './auth-state.ts';
import { isSignedByThirdParty } from './third-party-signature.ts';
import { ALLOWED, type AuthVerdict, allowIf, refused } from './verdict.ts';

/** Rule 5.4. */
export function authorizeInvite(
  event: RoomEvent,
  target: UserId,
  state: AuthState,
  create: RoomEvent,
  rules: RoomVersionRules,
): AuthVerdict {
  // 5.4.1.
  const { third_party_invite: thirdPartyInvite } = event.content;
  if (thirdPartyInvite !== undefined) return authorizeThirdPartyInvite(thirdPartyInvite, event, target, state);
  // 5.4.2.
  if (membershipOf(state, event.sender) !== 'join') return refused(`${event.sender} is not in the room`);
  // 5.4.3.
  const current = membershipOf(state, target);
  if (current === 'join') return refused(`${target} is already in the room`);
  if (current === 'ban') return refused(`${target} is banned from the room`);
  // 5.4.4, 5.4.5.
  const powerLevels = powerLevelsOf(state, create, rules);
  return allowIf(
    powerLevels.userLevel(event.sender) >= powerLevels.actionLevel('invite'),
    'inviting needs a higher power level',
  );
}

/** Rules 5.4.1.1 to 5.4.1.8: the invitation of an e-mail address or phone number, become that of a user. */
function authorizeThirdPartyInvite(
  thirdPartyInvite: JsonValue,
  event: RoomEvent,
  target: UserId,
  state: AuthState,
): AuthVerdict {
  // 5.4.1.1.
  if (membershipOf(state, target) === 'ban') return refused(`${target} is banned from the room`);
  // 5.4.1.2.
  const signed = isJsonObject(thirdPartyInvite) ? thirdPartyInvite.signed : undefined;
  if (!isJsonObject(signed)) return refused('the third-party invite is not signed');
  // 5.4.1.3.
  const { mxid, token } = signed;
  if (typeof mxid !== 'string' || typeof token !== 'string') {
    return refused('the third-party invite has no mxid or no token');
  }
  // 5.4.1.4.
  if (mxid !== target) return refused('the third-party invite is for another user');
  // 5.4.1.5.
  const invitation = state.get('m.room.third_party_invite', token);
  if (invitation === undefined) return refused('the room has no such third-party invite');
  // 5.4.1.6.
  if (event.sender !== invitation.sender) return refused('the third-party invite was made by another user');
  // 5.4.1.7, 5.4.1.8.
  return isSignedByThirdParty(signed, invitation.content)
    ? ALLOWED
    : refused('no key of the third-party invite has signed it');
}
