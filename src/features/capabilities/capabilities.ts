import type { PasswordConfig, RegistrationConfig, RoomsConfig, SessionsConfig } from '#platform/config/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { ROOM_VERSIONS } from '#protocol/room-versions/index.ts';

export interface CapabilitiesConfig {
  readonly password: Pick<PasswordConfig, 'enabled' | 'localdbEnabled'>;
  readonly registration: Pick<RegistrationConfig, 'enableSetDisplayname' | 'enableSetAvatarUrl' | 'enable3pidChanges'>;
  readonly rooms: Pick<RoomsConfig, 'defaultRoomVersion' | 'forgetRoomsOnLeave' | 'maxEventDelayMs'>;
  readonly sessions: Pick<SessionsConfig, 'loginViaExistingSession'>;
  /** Whether the server can validate e-mail addresses or phone numbers. */
  readonly canValidateThreepids: boolean;
  /** Delayed events that one user may have waiting. */
  readonly maxDelayedEvents?: number;
}

/** Whose capabilities are asked for. */
export interface CapabilitiesSubject {
  readonly isAdmin: boolean;
  readonly isGuest: boolean;
  readonly hasPassword: boolean;
}

const MAX_DELAYED_EVENTS = 100;

/** https://spec.matrix.org/v1.19/client-server-api/#capabilities-negotiation */
export function capabilitiesOf(subject: CapabilitiesSubject, config: CapabilitiesConfig): JsonObject {
  const { password, registration, rooms, sessions } = config;
  const passwords = password.enabled !== false && password.localdbEnabled;
  return {
    'm.room_versions': {
      default: rooms.defaultRoomVersion,
      available: Object.fromEntries(Object.keys(ROOM_VERSIONS).map((version) => [version, 'stable'])),
    },
    'm.change_password': { enabled: passwords && subject.hasPassword && !subject.isGuest },
    'm.3pid_changes': { enabled: registration.enable3pidChanges && config.canValidateThreepids && !subject.isGuest },
    'm.get_login_token': { enabled: sessions.loginViaExistingSession.enabled && !subject.isGuest },
    'm.forget_forced_upon_leave': { enabled: rooms.forgetRoomsOnLeave },
    ...profileCapabilities(registration),
    ...(subject.isAdmin ? { 'm.account_moderation': { suspend: true, lock: true } } : {}),
    ...(rooms.maxEventDelayMs === undefined || rooms.maxEventDelayMs === 0
      ? {}
      : {
          'org.matrix.msc4140.delayed_events': {
            max_delay_ms: rooms.maxEventDelayMs,
            max_scheduled: config.maxDelayedEvents ?? MAX_DELAYED_EVENTS,
          },
        }),
  };
}

/** The fields that clients may change, and the older capabilities that say the same of two of them. */
function profileCapabilities(registration: CapabilitiesConfig['registration']): JsonObject {
  const { enableSetDisplayname, enableSetAvatarUrl } = registration;
  const disallowed = [...(enableSetDisplayname ? [] : ['displayname']), ...(enableSetAvatarUrl ? [] : ['avatar_url'])];
  const fields = { enabled: true, ...(disallowed.length === 0 ? {} : { disallowed }) };
  return {
    'm.set_displayname': { enabled: enableSetDisplayname },
    'm.set_avatar_url': { enabled: enableSetAvatarUrl },
    'm.profile_fields': fields,
    'uk.tcpip.msc4133.profile_fields': fields,
  };
}
