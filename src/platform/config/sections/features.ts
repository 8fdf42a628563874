import { resolve } from 'node:path';
import type { JsonObject } from '#protocol/json.ts';
import type { Reader } from '../reader.ts';

export interface TurnConfig {
  readonly uris: readonly string[];
  readonly sharedSecret: string | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly userLifetimeMs: number;
  readonly allowGuests: boolean;
  /** What `/rtc/transports` answers with, as given. */
  readonly rtcTransports: readonly JsonObject[];
}

export interface UserDirectoryConfig {
  readonly enabled: boolean;
  readonly searchAllUsers: boolean;
  readonly preferLocalUsers: boolean;
  readonly excludeRemoteUsers: boolean;
  readonly showLockedUsers: boolean;
}

export interface PresenceConfig {
  /** `untracked`: clients may send it, nobody is told. */
  readonly enabled: boolean | 'untracked';
  readonly includeOfflineUsersOnSync: boolean;
  readonly lastActiveGranularityMs: number;
  readonly syncOnlineTimeoutMs: number;
  readonly idleTimeoutMs: number;
}

export interface PushConfig {
  readonly enabled: boolean;
  readonly includeContent: boolean;
  readonly groupUnreadCountByRoom: boolean;
  readonly jitterDelayMs: number | undefined;
}

export interface EmailConfig {
  readonly smtpHost: string;
  readonly smtpPort: number;
  readonly smtpUser: string | undefined;
  readonly smtpPassword: string | undefined;
  /** TLS from the first byte. */
  readonly forceTls: boolean;
  readonly requireTransportSecurity: boolean;
  readonly enableTls: boolean;
  readonly tlsName: string | undefined;
  readonly notifFrom: string | undefined;
  readonly appName: string;
  readonly enableNotifs: boolean;
  readonly notifForNewUsers: boolean;
  readonly notifDelayBeforeMailMs: number;
  readonly clientBaseUrl: string | undefined;
  readonly validationTokenLifetimeMs: number;
  readonly inviteClientLocation: string | undefined;
  readonly subjects: Readonly<Record<string, string>>;
  readonly nextLinkDomainWhitelist: readonly string[] | undefined;
  readonly inhibit3pidErrors: boolean;
  readonly customTemplateDirectory: string | undefined;
}

export interface AppservicesConfig {
  /** Absolute paths of registration files. */
  readonly configFiles: readonly string[];
  /** Whether the token also goes into the query string, for old appservices. */
  readonly legacyAuthorization: boolean;
}

export interface LimitsConfig {
  readonly hsDisabled: boolean;
  readonly hsDisabledMessage: string;
  readonly limitUsageByMau: boolean;
  readonly maxMauValue: number;
  readonly mauTrialDays: number;
  readonly mauAppserviceTrialDays: JsonObject;
  readonly mauLimitAlerting: boolean;
  readonly mauStatsOnly: boolean;
  readonly mauLimitReserved3pids: readonly { readonly medium: string; readonly address: string }[];
  readonly serverContext: string | undefined;
}

export function readTurn(reader: Reader): TurnConfig {
  return {
    uris: reader.strings('turn_uris'),
    sharedSecret: reader.secret('turn_shared_secret'),
    username: reader.optionalString('turn_username'),
    password: reader.secret('turn_password'),
    userLifetimeMs: reader.duration('turn_user_lifetime', 3_600_000),
    allowGuests: reader.boolean('turn_allow_guests', true),
    rtcTransports: reader.section('matrix_rtc').sections('transports').map(wholeMap),
  };
}

/** All of a map, as given. */
function wholeMap(reader: Reader): JsonObject {
  for (const key of Object.keys(reader.values)) reader.raw(key);
  return reader.values;
}

export function readUserDirectory(reader: Reader): UserDirectoryConfig {
  const directory = reader.section('user_directory');
  return {
    enabled: directory.boolean('enabled', true),
    searchAllUsers: directory.boolean('search_all_users', false),
    preferLocalUsers: directory.boolean('prefer_local_users', false),
    excludeRemoteUsers: directory.boolean('exclude_remote_users', false),
    showLockedUsers: directory.boolean('show_locked_users', false),
  };
}

export function readPresence(reader: Reader): PresenceConfig {
  const presence = reader.section('presence');
  return {
    enabled: presence.choice('enabled', [true, false, 'untracked'], reader.boolean('use_presence', true)),
    includeOfflineUsersOnSync: presence.boolean('include_offline_users_on_sync', false),
    lastActiveGranularityMs: presence.duration('last_active_granularity', 60_000),
    syncOnlineTimeoutMs: presence.duration('sync_online_timeout', 30_000),
    idleTimeoutMs: presence.duration('idle_timeout', 300_000),
  };
}

export function readPush(reader: Reader): PushConfig {
  const push = reader.section('push');
  return {
    enabled: push.boolean('enabled', true),
    includeContent: push.boolean('include_content', true),
    groupUnreadCountByRoom: push.boolean('group_unread_count_by_room', true),
    jitterDelayMs: push.optionalDuration('jitter_delay'),
  };
}

/** Undefined where no mail server is configured. */
export function readEmail(reader: Reader): EmailConfig | undefined {
  const nextLinkDomainWhitelist = reader.optionalStrings('next_link_domain_whitelist');
  const inhibit3pidErrors = reader.boolean('request_token_inhibit_3pid_errors', false);
  const customTemplateDirectory = reader.section('templates').optionalPath('custom_template_directory');
  if (!reader.has('email')) return undefined;
  const email = reader.section('email');
  const forceTls = email.boolean('force_tls', false);
  const subjects = email.section('subjects');
  return {
    smtpHost: email.string('smtp_host', 'localhost'),
    smtpPort: email.integer('smtp_port', forceTls ? 465 : 25, { min: 1, max: 65535 }),
    smtpUser: email.optionalString('smtp_user'),
    smtpPassword: email.secret('smtp_pass'),
    forceTls,
    requireTransportSecurity: email.boolean('require_transport_security', false),
    enableTls: email.boolean('enable_tls', true),
    tlsName: email.optionalString('tlsname'),
    notifFrom: email.optionalString('notif_from'),
    appName: email.string('app_name', 'Matrix'),
    enableNotifs: email.boolean('enable_notifs', false),
    notifForNewUsers: email.boolean('notif_for_new_users', true),
    notifDelayBeforeMailMs: email.duration('notif_delay_before_mail', 600_000),
    clientBaseUrl: email.optionalString('client_base_url') ?? email.optionalString('riot_base_url'),
    validationTokenLifetimeMs: email.duration('validation_token_lifetime', 3_600_000),
    inviteClientLocation: email.optionalString('invite_client_location'),
    subjects: Object.fromEntries(Object.keys(subjects.values).map((name) => [name, subjects.string(name, '')])),
    nextLinkDomainWhitelist,
    inhibit3pidErrors,
    customTemplateDirectory,
  };
}

export function readAppservices(reader: Reader): AppservicesConfig {
  return {
    configFiles: reader.strings('app_service_config_files').map((path) => resolve(reader.cwd, path)),
    legacyAuthorization: reader.boolean('use_appservice_legacy_authorization', false),
  };
}

export function readLimits(reader: Reader): LimitsConfig {
  return {
    hsDisabled: reader.boolean('hs_disabled', false),
    hsDisabledMessage: reader.string('hs_disabled_message', ''),
    limitUsageByMau: reader.boolean('limit_usage_by_mau', false),
    maxMauValue: reader.integer('max_mau_value', 0),
    mauTrialDays: reader.integer('mau_trial_days', 0),
    mauAppserviceTrialDays: reader.object('mau_appservice_trial_days') ?? {},
    mauLimitAlerting: reader.boolean('mau_limit_alerting', true),
    mauStatsOnly: reader.boolean('mau_stats_only', false),
    mauLimitReserved3pids: reader
      .sections('mau_limit_reserved_threepids')
      .map((entry) => ({ medium: entry.string('medium', 'email'), address: entry.string('address', '') })),
    serverContext: reader.optionalString('server_context'),
  };
}
