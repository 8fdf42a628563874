import type { RoomEvent } from '../events/pdu.ts';
import type { UserId } from '../identifiers/index.ts';
import type { JsonValue } from '../json.ts';
import { roomCreators } from '../power-levels/index.ts';
import type { RoomVersionRules } from '../room-versions/index.ts';
import { type AuthState, joinRuleOf, membershipOf, powerLevelsOf } from './auth-state.ts';
import { isSignedByAuthoriser } from './authoriser-signature.ts';
import { authorizeInvite } from './authorize-invite.ts';
import { ALLOWED, type AuthVerdict, allowIf, refused } from './verdict.ts';

/** Rule 5. */
export function authorizeMember(
  event: RoomEvent,
  state: AuthState,
  create: RoomEvent,
  rules: RoomVersionRules,
): AuthVerdict {
  const target = event.stateKey as UserId | undefined;
  const { membership } = event.content;
  // 5.1.
  if (target === undefined) return refused('m.room.member has no state_key');
  if (membership === undefined) return refused('m.room.member has no membership');
  // 5.2.
  if (!isSignedByAuthoriser(event, rules)) return refused('the server that authorised the join has not signed it');

  switch (membership) {
    case 'join':
      return authorizeJoin(event, target, state, create, rules);
    case 'invite':
      return authorizeInvite(event, target, state, create, rules);
    case 'leave':
      return authorizeLeave(event, target, state, create, rules);
    case 'ban':
      return authorizeBan(event, target, state, create, rules);
    case 'knock':
      // Before version 7 it is a membership unknown.
      if (rules.knock) return authorizeKnock(event, target, state, rules);
  }
  // 5.8.
  return refused('unknown membership');
}

/** Rule 5.3. */
function authorizeJoin(
  event: RoomEvent,
  target: UserId,
  state: AuthState,
  create: RoomEvent,
  rules: RoomVersionRules,
): AuthVerdict {
  // 5.3.1. The first creator: from version 11 the sender of the create event.
  if (event.prevEventIds.length === 1 && event.prevEventIds[0] === create.eventId) {
    if (target === roomCreators(create, rules)[0]) return ALLOWED;
  }
  // 5.3.2.
  if (event.sender !== target) return refused('nobody can join for somebody else');
  const current = membershipOf(state, target);
  // 5.3.3.
  if (current === 'ban') return refused(`${target} is banned from the room`);

  const joinRule = joinRuleOf(state);
  const isInside = current === 'join' || current === 'invite';
  // 5.3.4.
  if (joinRule === 'invite' || (rules.knock && joinRule === 'knock')) {
    return allowIf(isInside, `${target} is not invited to the room`);
  }
  // 5.3.5.
  if (isRestricted(joinRule, rules)) {
    return isInside ? ALLOWED : authorizeByAuthoriser(event, state, create, rules);
  }
  // 5.3.6, 5.3.7.
  return allowIf(joinRule === 'public', `the join rule does not let ${target} join`);
}

function isRestricted(joinRule: JsonValue, rules: RoomVersionRules): boolean {
  return (
    (rules.restrictedJoins && joinRule === 'restricted') ||
    (rules.knockRestrictedJoins && joinRule === 'knock_restricted')
  );
}

/** Rules 5.3.5.2 and 5.3.5.3. */
function authorizeByAuthoriser(
  event: RoomEvent,
  state: AuthState,
  create: RoomEvent,
  rules: RoomVersionRules,
): AuthVerdict {
  const authoriser = event.content.join_authorised_via_users_server;
  if (typeof authoriser !== 'string') return refused('the room is restricted and nobody authorised the join');
  if (membershipOf(state, authoriser) !== 'join') return refused('who authorised the join is not in the room');
  const powerLevels = powerLevelsOf(state, create, rules);
  return allowIf(
    powerLevels.userLevel(authoriser as UserId) >= powerLevels.actionLevel('invite'),
    'who authorised the join may not invite',
  );
}

/** Rule 5.5: leaving, refusing an invitation, retracting a knock; kicking and unbanning. */
function authorizeLeave(
  event: RoomEvent,
  target: UserId,
  state: AuthState,
  create: RoomEvent,
  rules: RoomVersionRules,
): AuthVerdict {
  const current = membershipOf(state, target);
  // 5.5.1.
  if (event.sender === target) {
    const canLeave = current === 'join' || current === 'invite' || (rules.knock && current === 'knock');
    return allowIf(canLeave, `${target} is not in the room`);
  }
  // 5.5.2.
  if (membershipOf(state, event.sender) !== 'join') return refused(`${event.sender} is not in the room`);
  const powerLevels = powerLevelsOf(state, create, rules);
  const senderLevel = powerLevels.userLevel(event.sender);
  // 5.5.3.
  if (current === 'ban' && senderLevel < powerLevels.actionLevel('ban')) {
    return refused('lifting a ban needs a higher power level');
  }
  // 5.5.4, 5.5.5.
  if (senderLevel < powerLevels.actionLevel('kick')) return refused('removing a user needs a higher power level');
  return allowIf(powerLevels.userLevel(target) < senderLevel, `${target} has as much power as ${event.sender}`);
}

/** Rule 5.6. */
function authorizeBan(
  event: RoomEvent,
  target: UserId,
  state: AuthState,
  create: RoomEvent,
  rules: RoomVersionRules,
): AuthVerdict {
  // 5.6.1.
  if (membershipOf(state, event.sender) !== 'join') return refused(`${event.sender} is not in the room`);
  const powerLevels = powerLevelsOf(state, create, rules);
  const senderLevel = powerLevels.userLevel(event.sender);
  // 5.6.2, 5.6.3.
  if (senderLevel < powerLevels.actionLevel('ban')) return refused('banning needs a higher power level');
  return allowIf(powerLevels.userLevel(target) < senderLevel, `${target} has as much power as ${event.sender}`);
}

/** Rule 5.7. */
function authorizeKnock(event: RoomEvent, target: UserId, state: AuthState, rules: RoomVersionRules): AuthVerdict {
  const joinRule = joinRuleOf(state);
  // 5.7.1.
  if (joinRule !== 'knock' && !(rules.knockRestrictedJoins && joinRule === 'knock_restricted')) {
    return refused('the join rule does not allow knocking');
  }
  // 5.7.2.
  if (event.sender !== target) return refused('nobody can knock for somebody else');
  // 5.7.3, 5.7.4.
  const current = membershipOf(state, target);
  return allowIf(
    current !== 'ban' && current !== 'invite' && current !== 'join',
    current === 'ban' ? `${target} is banned from the room` : `${target} is already invited or joined`,
  );
}
