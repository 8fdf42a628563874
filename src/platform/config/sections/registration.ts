import type { JsonObject } from '#protocol/json.ts';
import type { Reader } from '../reader.ts';

export interface RegistrationConfig {
  readonly enabled: boolean;
  readonly enabledWithoutVerification: boolean;
  readonly requires3pid: readonly ('email' | 'msisdn')[];
  readonly requiresToken: boolean;
  readonly disableMsisdn: boolean;
  readonly allowedLocal3pids: readonly { readonly medium: string; readonly pattern: string }[];
  readonly sharedSecret: string | undefined;
  readonly allowGuestAccess: boolean;
  readonly enableSetDisplayname: boolean;
  readonly enableSetAvatarUrl: boolean;
  readonly enable3pidChanges: boolean;
  readonly enable3pidLookup: boolean;
  readonly msisdnDelegate: string | undefined;
  readonly autoJoinRooms: readonly string[];
  readonly autocreateAutoJoinRooms: boolean;
  readonly autocreateAutoJoinRoomsFederated: boolean;
  readonly autocreateAutoJoinRoomPreset: 'private_chat' | 'public_chat' | 'trusted_private_chat';
  readonly autoJoinMxidLocalpart: string | undefined;
  readonly autoJoinRoomsForGuests: boolean;
  readonly inhibitUserInUseError: boolean;
  readonly allowUnderscorePrefix: boolean;
  readonly captcha: CaptchaConfig;
  readonly userTypes: { readonly default: string | undefined; readonly extra: readonly string[] };
}

export interface CaptchaConfig {
  readonly enabled: boolean;
  readonly publicKey: string | undefined;
  readonly privateKey: string | undefined;
  readonly siteverifyApi: string;
}

export interface SessionsConfig {
  readonly sessionLifetimeMs: number | undefined;
  /** Undefined: as long as the session. */
  readonly refreshTokenLifetimeMs: number | undefined;
  readonly refreshableAccessTokenLifetimeMs: number;
  readonly nonrefreshableAccessTokenLifetimeMs: number | undefined;
  readonly uiAuthSessionTimeoutMs: number;
  readonly loginViaExistingSession: {
    readonly enabled: boolean;
    readonly requireUiAuth: boolean;
    readonly tokenTimeoutMs: number;
  };
  readonly deleteStaleDevicesAfterMs: number | undefined;
  readonly userIpsMaxAgeMs: number | undefined;
  readonly trackAppserviceUserIps: boolean;
  readonly trackPuppetedUserIps: boolean;
}

export interface PasswordConfig {
  /** `only_for_reauth`: not to log in, but to confirm an operation. */
  readonly enabled: boolean | 'only_for_reauth';
  readonly localdbEnabled: boolean;
  readonly pepper: string;
  readonly bcryptRounds: number;
  readonly policy: PasswordPolicy;
}

export interface PasswordPolicy {
  readonly enabled: boolean;
  readonly minimumLength: number;
  readonly requireDigit: boolean;
  readonly requireSymbol: boolean;
  readonly requireLowercase: boolean;
  readonly requireUppercase: boolean;
}

export function readRegistration(reader: Reader): RegistrationConfig {
  const userTypes = reader.section('user_types');
  const config: RegistrationConfig = {
    enabled: reader.boolean('enable_registration', false),
    enabledWithoutVerification: reader.boolean('enable_registration_without_verification', false),
    requires3pid: read3pidMedia(reader),
    requiresToken: reader.boolean('registration_requires_token', false),
    disableMsisdn: reader.boolean('disable_msisdn_registration', false),
    allowedLocal3pids: reader.sections('allowed_local_3pids').map((entry) => ({
      medium: entry.string('medium', 'email'),
      pattern: readPattern(entry),
    })),
    sharedSecret: reader.secret('registration_shared_secret'),
    allowGuestAccess: reader.boolean('allow_guest_access', false),
    enableSetDisplayname: reader.boolean('enable_set_displayname', true),
    enableSetAvatarUrl: reader.boolean('enable_set_avatar_url', true),
    enable3pidChanges: reader.boolean('enable_3pid_changes', true),
    enable3pidLookup: reader.boolean('enable_3pid_lookup', true),
    msisdnDelegate: reader.section('account_threepid_delegates').optionalString('msisdn'),
    autoJoinRooms: reader.strings('auto_join_rooms'),
    autocreateAutoJoinRooms: reader.boolean('autocreate_auto_join_rooms', true),
    autocreateAutoJoinRoomsFederated: reader.boolean('autocreate_auto_join_rooms_federated', true),
    autocreateAutoJoinRoomPreset: reader.choice(
      'autocreate_auto_join_room_preset',
      ['private_chat', 'public_chat', 'trusted_private_chat'],
      'public_chat',
    ),
    autoJoinMxidLocalpart: reader.optionalString('auto_join_mxid_localpart'),
    autoJoinRoomsForGuests: reader.boolean('auto_join_rooms_for_guests', true),
    inhibitUserInUseError: reader.boolean('inhibit_user_in_use_error', false),
    allowUnderscorePrefix: reader.boolean('allow_underscore_prefixed_registration', false),
    captcha: {
      enabled: reader.boolean('enable_registration_captcha', false),
      publicKey: reader.secret('recaptcha_public_key'),
      privateKey: reader.secret('recaptcha_private_key'),
      siteverifyApi: reader.string('recaptcha_siteverify_api', 'https://www.recaptcha.net/recaptcha/api/siteverify'),
    },
    userTypes: { default: userTypes.optionalString('default_user_type'), extra: userTypes.strings('extra_user_types') },
  };
  refuseOpenRegistration(reader, config);
  return config;
}

/** Open registration without any check is how spammers find a server: it needs to be asked for twice. */
function refuseOpenRegistration(reader: Reader, config: RegistrationConfig): void {
  const verified = config.requires3pid.length > 0 || config.captcha.enabled || config.requiresToken;
  if (config.enabled && !verified && !config.enabledWithoutVerification) {
    reader.problems.error(
      'enable_registration',
      'is true but nothing verifies who registers. Set registration_requires_token, registrations_require_3pid or ' +
        'enable_registration_captcha, or, knowing that spammers will come, enable_registration_without_verification',
    );
  }
  if (config.captcha.enabled && (config.captcha.publicKey === undefined || config.captcha.privateKey === undefined)) {
    reader.problems.error('enable_registration_captcha', 'needs recaptcha_public_key and recaptcha_private_key');
  }
}

function read3pidMedia(reader: Reader): readonly ('email' | 'msisdn')[] {
  const media = reader.strings('registrations_require_3pid');
  const known = media.filter((medium) => medium === 'email' || medium === 'msisdn');
  if (known.length !== media.length) {
    reader.problems.error('registrations_require_3pid', 'may hold email and msisdn only');
  }
  return known;
}

function readPattern(entry: Reader): string {
  const pattern = entry.string('pattern', '');
  try {
    new RegExp(pattern);
  } catch {
    entry.problems.error(`${entry.prefix}pattern`, 'is not a regular expression');
  }
  return pattern;
}

export function readSessions(reader: Reader): SessionsConfig {
  const existing = reader.section('login_via_existing_session');
  return {
    sessionLifetimeMs: reader.optionalDuration('session_lifetime'),
    refreshTokenLifetimeMs: reader.optionalDuration('refresh_token_lifetime'),
    refreshableAccessTokenLifetimeMs: reader.duration('refreshable_access_token_lifetime', 300_000),
    nonrefreshableAccessTokenLifetimeMs: reader.optionalDuration('nonrefreshable_access_token_lifetime'),
    uiAuthSessionTimeoutMs: reader.section('ui_auth').duration('session_timeout', 0),
    loginViaExistingSession: {
      enabled: existing.boolean('enabled', false),
      requireUiAuth: existing.boolean('require_ui_auth', true),
      tokenTimeoutMs: existing.duration('token_timeout', 300_000),
    },
    deleteStaleDevicesAfterMs: reader.optionalDuration('delete_stale_devices_after'),
    userIpsMaxAgeMs: reader.duration('user_ips_max_age', 28 * 86_400_000),
    trackAppserviceUserIps: reader.boolean('track_appservice_user_ips', false),
    trackPuppetedUserIps: reader.boolean('track_puppeted_user_ips', false),
  };
}

export function readPassword(reader: Reader): PasswordConfig {
  const password = reader.section('password_config');
  const policy = password.section('policy');
  return {
    enabled: password.choice('enabled', [true, false, 'only_for_reauth'], true),
    localdbEnabled: password.boolean('localdb_enabled', true),
    pepper: password.secret('pepper') ?? '',
    bcryptRounds: reader.integer('bcrypt_rounds', 12, { min: 4, max: 31 }),
    policy: {
      enabled: policy.boolean('enabled', false),
      minimumLength: policy.integer('minimum_length', 0),
      requireDigit: policy.boolean('require_digit', false),
      requireSymbol: policy.boolean('require_symbol', false),
      requireLowercase: policy.boolean('require_lowercase', false),
      requireUppercase: policy.boolean('require_uppercase', false),
    },
  };
}

export interface ServerNoticesConfig {
  readonly localpart: string;
  readonly displayName: string | undefined;
  readonly avatarUrl: string | undefined;
  readonly roomName: string;
  readonly roomAvatarUrl: string | undefined;
  readonly roomTopic: string | undefined;
  readonly autoJoin: boolean;
}

export interface ConsentConfig {
  readonly version: string;
  readonly templateDir: string;
  readonly serverNoticeContent: JsonObject | undefined;
  readonly sendServerNoticeToGuests: boolean;
  readonly blockEventsError: string | undefined;
  readonly requireAtRegistration: boolean;
  readonly policyName: string;
}

/** Undefined where no notices are configured. */
export function readServerNotices(reader: Reader): ServerNoticesConfig | undefined {
  if (!reader.has('server_notices')) return undefined;
  const notices = reader.section('server_notices');
  return {
    localpart: notices.string('system_mxid_localpart', 'notices'),
    displayName: notices.optionalString('system_mxid_display_name'),
    avatarUrl: notices.optionalString('system_mxid_avatar_url'),
    roomName: notices.string('room_name', 'Server Notices'),
    roomAvatarUrl: notices.optionalString('room_avatar_url'),
    roomTopic: notices.optionalString('room_topic'),
    autoJoin: notices.boolean('auto_join', false),
  };
}

/** Undefined where users need not agree to anything. */
export function readConsent(reader: Reader): ConsentConfig | undefined {
  if (!reader.has('user_consent')) return undefined;
  const consent = reader.section('user_consent');
  return {
    version: consent.string('version', '1.0'),
    templateDir: consent.path('template_dir', 'res/templates/privacy'),
    serverNoticeContent: consent.object('server_notice_content'),
    sendServerNoticeToGuests: consent.boolean('send_server_notice_to_guests', false),
    blockEventsError: consent.optionalString('block_events_error'),
    requireAtRegistration: consent.boolean('require_at_registration', false),
    policyName: consent.string('policy_name', 'Privacy Policy'),
  };
}
