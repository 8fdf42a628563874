import type { UserId } from '../identifiers/index.ts';
import { isJsonObject, type JsonObject } from '../json.ts';
import type { RoomVersionRules } from '../room-versions/index.ts';

/** A key of the room state. */
export type StateKeyPair = readonly [type: string, stateKey: string];

/** What auth events depend on: an event, or one about to be made. */
export interface AuthorizableEvent {
  readonly type: string;
  readonly stateKey: string | undefined;
  readonly sender: UserId;
  readonly content: JsonObject;
}

const CREATE: StateKeyPair = ['m.room.create', ''];
const POWER_LEVELS: StateKeyPair = ['m.room.power_levels', ''];
const JOIN_RULES: StateKeyPair = ['m.room.join_rules', ''];

/**
 * The keys of the state whose events, where they exist, are the `auth_events` of an event; no key twice, six at most.
 * https://spec.matrix.org/v1.19/server-server-api/#auth-events-selection
 */
export function selectAuthEvents(event: AuthorizableEvent, rules: RoomVersionRules): readonly StateKeyPair[] {
  if (event.type === 'm.room.create') return [];
  const sender: StateKeyPair = ['m.room.member', event.sender];
  const selected = rules.roomIdIsCreateHash ? [POWER_LEVELS, sender] : [CREATE, POWER_LEVELS, sender];
  if (event.type === 'm.room.member') selectForMember(event, rules, selected);
  return selected;
}

function selectForMember(event: AuthorizableEvent, rules: RoomVersionRules, selected: StateKeyPair[]): void {
  const {
    membership,
    third_party_invite: thirdPartyInvite,
    join_authorised_via_users_server: authoriser,
  } = event.content;
  if (event.stateKey !== undefined) addMember(event.stateKey, selected);
  if (membership === 'join' || membership === 'invite' || membership === 'knock') selected.push(JOIN_RULES);
  if (membership === 'invite') {
    const signed = isJsonObject(thirdPartyInvite) ? thirdPartyInvite.signed : undefined;
    const token = isJsonObject(signed) ? signed.token : undefined;
    if (typeof token === 'string') selected.push(['m.room.third_party_invite', token]);
  }
  if (membership === 'join' && rules.restrictedJoins && typeof authoriser === 'string') addMember(authoriser, selected);
}

function addMember(userId: string, selected: StateKeyPair[]): void {
  if (!hasKey(selected, 'm.room.member', userId)) selected.push(['m.room.member', userId]);
}

function hasKey(selected: readonly StateKeyPair[], type: string, stateKey: string): boolean {
  return selected.some((key) => key[0] === type && key[1] === stateKey);
}
