import type { JsonObject } from '#protocol/json.ts';
import { DEFAULT_ROOM_VERSION, ROOM_VERSIONS, roomVersionRules } from '#protocol/room-versions/index.ts';
import type { Reader } from '../reader.ts';

/** One rule of `alias_creation_rules` or `room_list_publication_rules`: globs, all of which must match. */
export interface DirectoryRule {
  readonly userId: string;
  readonly alias: string;
  readonly roomId: string;
  readonly action: 'allow' | 'deny';
}

export interface RoomsConfig {
  readonly defaultRoomVersion: string;
  readonly encryptionEnabledByDefault: 'all' | 'invite' | 'off';
  /** The first rule that matches decides. */
  readonly aliasCreationRules: readonly DirectoryRule[];
  readonly roomListPublicationRules: readonly DirectoryRule[];
  readonly enableRoomListSearch: boolean;
  readonly allowPublicRoomsWithoutAuth: boolean;
  readonly allowPublicRoomsOverFederation: boolean;
  readonly blockNonAdminInvites: boolean;
  readonly requireMembershipForAliases: boolean;
  readonly allowPerRoomProfiles: boolean;
  readonly requireAuthForProfileRequests: boolean;
  readonly limitProfileRequestsToSharedRooms: boolean;
  readonly includeProfileDataOnInvite: boolean;
  readonly maxAvatarSizeBytes: number | undefined;
  readonly allowedAvatarMimetypes: readonly string[] | undefined;
  readonly enableSearch: boolean;
  /** The most events of one timeline in a filter. */
  readonly filterTimelineLimit: number;
  readonly redactionRetentionMs: number | undefined;
  readonly forgottenRoomRetentionMs: number | undefined;
  readonly forgetRoomsOnLeave: boolean;
  readonly excludeRoomsFromSync: readonly string[];
  readonly excludeRoomsFromPresence: readonly string[];
  /** Preset to the content merged over the preset's `m.room.power_levels`. */
  readonly defaultPowerLevelContentOverride: JsonObject;
  readonly prejoinState: {
    readonly disableDefaultEventTypes: boolean;
    /** Type, or type and state key. */
    readonly additionalEventTypes: readonly { readonly type: string; readonly stateKey: string | undefined }[];
  };
  readonly limitRemoteRooms: {
    readonly enabled: boolean;
    readonly complexity: number;
    readonly complexityError: string;
    readonly adminsCanJoin: boolean;
  };
  readonly dummyEventsThreshold: number;
  /** Undefined: delayed events are off. */
  readonly maxEventDelayMs: number | undefined;
  readonly enableEphemeralMessages: boolean;
  readonly autoAcceptInvites: {
    readonly enabled: boolean;
    readonly onlyForDirectMessages: boolean;
    readonly onlyFromLocalUsers: boolean;
  };
  readonly statsEnabled: boolean;
}

export interface RetentionConfig {
  readonly enabled: boolean;
  readonly defaultMinLifetimeMs: number | undefined;
  readonly defaultMaxLifetimeMs: number | undefined;
  readonly allowedLifetimeMinMs: number | undefined;
  readonly allowedLifetimeMaxMs: number | undefined;
  readonly purgeJobs: readonly {
    readonly shortestMaxLifetimeMs: number | undefined;
    readonly longestMaxLifetimeMs: number | undefined;
    readonly intervalMs: number;
  }[];
}

const DAY_MS = 86_400_000;

const COMPLEXITY_ERROR =
  'Your homeserver is unable to join rooms this large or complex. Please speak to your server administrator, or upgrade ' +
  'your instance to join this room.';

function readRoomVersion(reader: Reader): string {
  const version = reader.string('default_room_version', DEFAULT_ROOM_VERSION);
  if (roomVersionRules(version) === undefined) {
    reader.problems.error('default_room_version', `must be one of ${Object.keys(ROOM_VERSIONS).join(', ')}`);
  }
  return version;
}

export function readRooms(reader: Reader): RoomsConfig {
  const limit = reader.section('limit_remote_rooms');
  const prejoin = reader.section('room_prejoin_state');
  const accept = reader.section('auto_accept_invites');
  accept.raw('worker_to_run_on');
  return {
    defaultRoomVersion: readRoomVersion(reader),
    encryptionEnabledByDefault:
      reader.choice('encryption_enabled_by_default_for_room_type', ['all', 'invite', 'off', false], 'off') || 'off',
    aliasCreationRules: readRules(reader, 'alias_creation_rules', 'allow'),
    roomListPublicationRules: readRules(reader, 'room_list_publication_rules', 'deny'),
    enableRoomListSearch: reader.boolean('enable_room_list_search', true),
    allowPublicRoomsWithoutAuth: reader.boolean('allow_public_rooms_without_auth', false),
    allowPublicRoomsOverFederation: reader.boolean('allow_public_rooms_over_federation', false),
    blockNonAdminInvites: reader.boolean('block_non_admin_invites', false),
    requireMembershipForAliases: reader.boolean('require_membership_for_aliases', true),
    allowPerRoomProfiles: reader.boolean('allow_per_room_profiles', true),
    requireAuthForProfileRequests: reader.boolean('require_auth_for_profile_requests', false),
    limitProfileRequestsToSharedRooms: reader.boolean('limit_profile_requests_to_users_who_share_rooms', false),
    includeProfileDataOnInvite: reader.boolean('include_profile_data_on_invite', true),
    maxAvatarSizeBytes: reader.optionalSize('max_avatar_size'),
    allowedAvatarMimetypes: reader.optionalStrings('allowed_avatar_mimetypes'),
    enableSearch: reader.boolean('enable_search', true),
    filterTimelineLimit: reader.integer('filter_timeline_limit', 100, { min: -1 }),
    redactionRetentionMs: reader.duration('redaction_retention_period', 7 * DAY_MS),
    forgottenRoomRetentionMs: reader.optionalDuration('forgotten_room_retention_period'),
    forgetRoomsOnLeave: reader.boolean('forget_rooms_on_leave', false),
    excludeRoomsFromSync: reader.strings('exclude_rooms_from_sync'),
    excludeRoomsFromPresence: reader.strings('exclude_rooms_from_presence'),
    defaultPowerLevelContentOverride: reader.object('default_power_level_content_override') ?? {},
    prejoinState: {
      disableDefaultEventTypes: prejoin.boolean('disable_default_event_types', false),
      additionalEventTypes: readEventTypes(prejoin),
    },
    limitRemoteRooms: {
      enabled: limit.boolean('enabled', false),
      complexity: limit.number('complexity', 1),
      complexityError: limit.string('complexity_error', COMPLEXITY_ERROR),
      adminsCanJoin: limit.boolean('admins_can_join', false),
    },
    dummyEventsThreshold: reader.integer('dummy_events_threshold', 10, { min: 1 }),
    maxEventDelayMs: reader.optionalDuration('max_event_delay_duration'),
    enableEphemeralMessages: reader.boolean('enable_ephemeral_messages', false),
    autoAcceptInvites: {
      enabled: accept.boolean('enabled', false),
      onlyForDirectMessages: accept.boolean('only_for_direct_messages', false),
      onlyFromLocalUsers: accept.boolean('only_from_local_users', false),
    },
    statsEnabled: reader.section('stats').boolean('enabled', true),
  };
}

/** Without the key there is one rule for everything: `fallback`. An empty list matches nothing, hence denies. */
function readRules(reader: Reader, key: string, fallback: 'allow' | 'deny'): readonly DirectoryRule[] {
  if (!reader.has(key)) return [{ userId: '*', alias: '*', roomId: '*', action: fallback }];
  return reader.sections(key).map((rule) => ({
    userId: rule.string('user_id', '*'),
    alias: rule.string('alias', '*'),
    roomId: rule.string('room_id', '*'),
    action: rule.choice('action', ['allow', 'deny'], 'allow'),
  }));
}

function readEventTypes(reader: Reader): RoomsConfig['prejoinState']['additionalEventTypes'] {
  const value = reader.raw('additional_event_types') ?? [];
  const entries = (Array.isArray(value) ? value : [value]).map((entry) => {
    const [type, stateKey] = Array.isArray(entry) ? entry : [entry, undefined];
    return typeof type === 'string' && (stateKey === undefined || typeof stateKey === 'string')
      ? { type, stateKey }
      : undefined;
  });
  const good = entries.filter((entry) => entry !== undefined);
  if (good.length !== entries.length) {
    reader.problems.error(`${reader.prefix}additional_event_types`, 'must hold types, or [type, state key] pairs');
  }
  return good;
}

export function readRetention(reader: Reader): RetentionConfig {
  const retention = reader.section('retention');
  const policy = retention.section('default_policy');
  return {
    enabled: retention.boolean('enabled', false),
    defaultMinLifetimeMs: policy.optionalDuration('min_lifetime'),
    defaultMaxLifetimeMs: policy.optionalDuration('max_lifetime'),
    allowedLifetimeMinMs: retention.optionalDuration('allowed_lifetime_min'),
    allowedLifetimeMaxMs: retention.optionalDuration('allowed_lifetime_max'),
    purgeJobs: retention.has('purge_jobs')
      ? retention.sections('purge_jobs').map((job) => ({
          shortestMaxLifetimeMs: job.optionalDuration('shortest_max_lifetime'),
          longestMaxLifetimeMs: job.optionalDuration('longest_max_lifetime'),
          intervalMs: job.duration('interval', DAY_MS),
        }))
      : [{ shortestMaxLifetimeMs: undefined, longestMaxLifetimeMs: undefined, intervalMs: DAY_MS }],
  };
}
