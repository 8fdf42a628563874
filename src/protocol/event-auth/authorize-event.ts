import type { RoomEvent } from '../events/pdu.ts';
import { serverNameOf } from '../identifiers/index.ts';
import type { PowerLevels } from '../power-levels/index.ts';
import type { RoomVersionRules } from '../room-versions/index.ts';
import { type AuthState, membershipOf, powerLevelsOf } from './auth-state.ts';
import { authorizeCreate } from './authorize-create.ts';
import { authorizeMember } from './authorize-member.ts';
import { authorizePowerLevels } from './authorize-power-levels.ts';
import { authorizeRedaction } from './redaction.ts';
import { ALLOWED, type AuthVerdict, allowIf, refused } from './verdict.ts';

/** The types that a rule of some room version names. */
const TYPES_WITH_RULES: ReadonlySet<string> = new Set([
  'm.room.aliases',
  'm.room.create',
  'm.room.member',
  'm.room.power_levels',
  'm.room.redaction',
  'm.room.third_party_invite',
]);

/**
 * Whether the rules look at nothing of such an event but its type and its sender: then what one of them gets at a state is
 * what the next one gets.
 */
export function isJudgedBySender({
  type,
  stateKey,
}: {
  readonly type: string;
  readonly stateKey?: string | undefined;
}): boolean {
  return stateKey === undefined && !TYPES_WITH_RULES.has(type);
}

/**
 * Whether the auth rules of a room version allow `event` at `state`: all of them but the rule on `auth_events`, which
 * `checkAuthEvents` has. The event has passed the format and signature checks.
 * https://spec.matrix.org/v1.19/rooms/v12/#authorisation-rules
 */
export function authorizeEvent(event: RoomEvent, state: AuthState, rules: RoomVersionRules): AuthVerdict {
  // 1.
  if (event.type === 'm.room.create') return authorizeCreate(event, rules);

  const create = state.get('m.room.create', '');
  if (create === undefined) return refused('the room has no m.room.create event');
  // 2.
  if (rules.roomIdIsCreateHash && create.roomId !== event.roomId) {
    return refused('the room id is not that of the m.room.create event');
  }
  // 4.
  if (create.content['m.federate'] === false && serverNameOf(event.sender) !== serverNameOf(create.sender)) {
    return refused('this room is not open to users of other servers');
  }
  // Versions 1 to 5: 4.
  if (rules.specialAliasesEvent && event.type === 'm.room.aliases') {
    return allowIf(event.stateKey === serverNameOf(event.sender), "the state_key is not the sender's server");
  }
  // 5.
  if (event.type === 'm.room.member') return authorizeMember(event, state, create, rules);
  // 6.
  if (membershipOf(state, event.sender) !== 'join') return refused(`${event.sender} is not in the room`);
  return authorizeByPower(event, state, create, powerLevelsOf(state, create, rules), rules);
}

/** Rules 7 to 11: what a member may send. */
function authorizeByPower(
  event: RoomEvent,
  state: AuthState,
  create: RoomEvent,
  powerLevels: PowerLevels,
  rules: RoomVersionRules,
): AuthVerdict {
  const senderLevel = powerLevels.userLevel(event.sender);
  // 7.
  if (event.type === 'm.room.third_party_invite') {
    return allowIf(senderLevel >= powerLevels.actionLevel('invite'), 'inviting needs a higher power level');
  }
  // 8.
  if (powerLevels.eventLevel(event.type, event.stateKey !== undefined) > senderLevel) {
    return refused(`sending ${event.type} needs a higher power level`);
  }
  // 9.
  if (event.stateKey?.startsWith('@') && event.stateKey !== event.sender) {
    return refused("the state_key is another user's id");
  }
  // 10.
  if (event.type === 'm.room.power_levels') {
    return authorizePowerLevels(event, state.get('m.room.power_levels', ''), create, senderLevel, rules);
  }
  // Versions 1 and 2: 11.
  if (rules.redactionAuthRule && event.type === 'm.room.redaction') {
    return authorizeRedaction(event, powerLevels, senderLevel);
  }
  // 11.
  return ALLOWED;
}
