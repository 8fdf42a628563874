/**
 * The table of room versions. Each is spread from the one before, so that a version reads as what it changed.
 * https://spec.matrix.org/v1.19/rooms/
 */
import type { RoomVersion, RoomVersionRules } from './rules.ts';

export type { RedactionRules, RoomVersion, RoomVersionRules } from './rules.ts';

const V1: RoomVersionRules = {
  version: '1',
  eventIdFormat: 'opaque',
  eventReferences: 'pairs',
  stateResolution: 'v1',
  enforceKeyValidity: false,
  strictCanonicalJson: false,
  specialAliasesEvent: true,
  redactionAuthRule: true,
  powerLevelsCheckNotifications: false,
  integerPowerLevels: false,
  knock: false,
  restrictedJoins: false,
  knockRestrictedJoins: false,
  creatorIsSender: false,
  privilegedCreators: false,
  roomIdIsCreateHash: false,
  redactsInContent: false,
  redaction: {
    topLevelKeys: [
      'event_id',
      'type',
      'room_id',
      'sender',
      'state_key',
      'content',
      'hashes',
      'signatures',
      'depth',
      'prev_events',
      'prev_state',
      'auth_events',
      'origin',
      'origin_server_ts',
      'membership',
    ],
    contentKeys: {
      'm.room.member': ['membership'],
      'm.room.create': ['creator'],
      'm.room.join_rules': ['join_rule'],
      'm.room.power_levels': [
        'ban',
        'events',
        'events_default',
        'kick',
        'redact',
        'state_default',
        'users',
        'users_default',
      ],
      'm.room.aliases': ['aliases'],
      'm.room.history_visibility': ['history_visibility'],
    },
  },
};
const V2: RoomVersionRules = { ...V1, version: '2', stateResolution: 'v2' };
const V3: RoomVersionRules = {
  ...V2,
  version: '3',
  eventIdFormat: 'base64',
  eventReferences: 'ids',
  redactionAuthRule: false,
};
const V4: RoomVersionRules = { ...V3, version: '4', eventIdFormat: 'base64url' };
const V5: RoomVersionRules = { ...V4, version: '5', enforceKeyValidity: true };
const { 'm.room.aliases': _aliases, ...contentKeysV6 } = V5.redaction.contentKeys;
const V6: RoomVersionRules = {
  ...V5,
  version: '6',
  strictCanonicalJson: true,
  specialAliasesEvent: false,
  powerLevelsCheckNotifications: true,
  redaction: { ...V5.redaction, contentKeys: contentKeysV6 },
};
const V7: RoomVersionRules = { ...V6, version: '7', knock: true };
const V8: RoomVersionRules = {
  ...V7,
  version: '8',
  restrictedJoins: true,
  redaction: {
    ...V7.redaction,
    contentKeys: { ...V7.redaction.contentKeys, 'm.room.join_rules': ['join_rule', 'allow'] },
  },
};
const V9: RoomVersionRules = {
  ...V8,
  version: '9',
  redaction: {
    ...V8.redaction,
    contentKeys: {
      ...V8.redaction.contentKeys,
      'm.room.member': ['membership', 'join_authorised_via_users_server'],
    },
  },
};
const V10: RoomVersionRules = { ...V9, version: '10', knockRestrictedJoins: true, integerPowerLevels: true };
const V11: RoomVersionRules = {
  ...V10,
  version: '11',
  creatorIsSender: true,
  redactsInContent: true,
  redaction: {
    topLevelKeys: V10.redaction.topLevelKeys.filter((key) => !['origin', 'membership', 'prev_state'].includes(key)),
    contentKeys: {
      ...V10.redaction.contentKeys,
      'm.room.create': 'all',
      'm.room.member': ['membership', 'join_authorised_via_users_server', 'third_party_invite.signed'],
      'm.room.power_levels': [...(V10.redaction.contentKeys['m.room.power_levels'] as readonly string[]), 'invite'],
      'm.room.redaction': ['redacts'],
    },
  },
};
const V12: RoomVersionRules = {
  ...V11,
  version: '12',
  stateResolution: 'v2.1',
  privilegedCreators: true,
  roomIdIsCreateHash: true,
};

/** The rules of every room version the server supports, oldest first. */
export const ROOM_VERSIONS: Readonly<Record<RoomVersion, RoomVersionRules>> = {
  '1': V1,
  '2': V2,
  '3': V3,
  '4': V4,
  '5': V5,
  '6': V6,
  '7': V7,
  '8': V8,
  '9': V9,
  '10': V10,
  '11': V11,
  '12': V12,
};

export const DEFAULT_ROOM_VERSION: RoomVersion = '12';

/** The rules of a version named by untrusted text, or `undefined` if the server does not know it. */
export function roomVersionRules(version: string): RoomVersionRules | undefined {
  return Object.hasOwn(ROOM_VERSIONS, version) ? ROOM_VERSIONS[version as RoomVersion] : undefined;
}
