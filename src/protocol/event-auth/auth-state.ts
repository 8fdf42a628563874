import type { RoomEvent } from '../events/pdu.ts';
import type { JsonValue } from '../json.ts';
import { type PowerLevels, readPowerLevels } from '../power-levels/index.ts';
import type { RoomVersionRules } from '../room-versions/index.ts';

/**
 * The state an event is checked against. It must give the create event in every version, also where (from version 12)
 * `auth_events` do not name it.
 */
export interface AuthState {
  get(type: string, stateKey: string): RoomEvent | undefined;
  /** The reading of this very state's power levels, if the caller keeps one; otherwise it is made when a rule asks. */
  readonly powerLevels?: PowerLevels | undefined;
}

/** A state of a few events, such as the auth events of an event; the first of a type and state key counts. */
export function authStateOf(events: readonly RoomEvent[]): AuthState {
  return {
    get: (type, stateKey) => events.find((event) => event.type === type && event.stateKey === stateKey),
  };
}

/** The membership of a user, `undefined` if there is none. Untrusted: it may be any JSON value. */
export function membershipOf(state: AuthState, userId: string): JsonValue | undefined {
  return state.get('m.room.member', userId)?.content.membership;
}

/** The join rule. A room that states none is by invitation. */
export function joinRuleOf(state: AuthState): JsonValue {
  return state.get('m.room.join_rules', '')?.content.join_rule ?? 'invite';
}

export function powerLevelsOf(state: AuthState, create: RoomEvent, rules: RoomVersionRules): PowerLevels {
  return state.powerLevels ?? readPowerLevels(state.get('m.room.power_levels', ''), create, rules);
}
