import type { Reader } from '../reader.ts';

/** A token bucket: `burstCount` at once, refilled by `perSecond`. */
export interface RateLimitSettings {
  readonly perSecond: number;
  readonly burstCount: number;
}

/** Synapse's buckets with Synapse's defaults; the dotted ones are nested in the file. The last three are ours. */
export const RATE_LIMIT_DEFAULTS = {
  rc_message: { perSecond: 0.2, burstCount: 10 },
  rc_registration: { perSecond: 0.17, burstCount: 3 },
  rc_registration_token_validity: { perSecond: 0.1, burstCount: 5 },
  'rc_login.address': { perSecond: 0.003, burstCount: 5 },
  'rc_login.account': { perSecond: 0.003, burstCount: 5 },
  'rc_login.failed_attempts': { perSecond: 0.17, burstCount: 3 },
  rc_admin_redaction: { perSecond: 0.2, burstCount: 10 },
  'rc_joins.local': { perSecond: 0.1, burstCount: 10 },
  'rc_joins.remote': { perSecond: 0.01, burstCount: 10 },
  rc_joins_per_room: { perSecond: 1, burstCount: 10 },
  rc_3pid_validation: { perSecond: 0.003, burstCount: 5 },
  'rc_invites.per_room': { perSecond: 0.3, burstCount: 10 },
  'rc_invites.per_user': { perSecond: 0.003, burstCount: 5 },
  'rc_invites.per_issuer': { perSecond: 0.3, burstCount: 10 },
  rc_third_party_invite: { perSecond: 0.2, burstCount: 10 },
  rc_media_create: { perSecond: 10, burstCount: 50 },
  'rc_presence.per_user': { perSecond: 0.1, burstCount: 1 },
  rc_delayed_event_mgmt: { perSecond: 1, burstCount: 5 },
  rc_reports: { perSecond: 1, burstCount: 5 },
  rc_room_creation: { perSecond: 0.016, burstCount: 10 },
  rc_key_requests: { perSecond: 20, burstCount: 100 },
  rc_user_directory: { perSecond: 0.016, burstCount: 200 },
  rc_profile: { perSecond: 1, burstCount: 20 },
  rc_read: { perSecond: 100, burstCount: 1000 },
} as const satisfies Record<string, RateLimitSettings>;

export type LimiterName = keyof typeof RATE_LIMIT_DEFAULTS;

export interface FederationRateLimit {
  readonly windowSizeMs: number;
  readonly sleepLimit: number;
  readonly sleepDelayMs: number;
  readonly rejectLimit: number;
  readonly concurrent: number;
}

export interface RateLimitsConfig {
  readonly limits: Readonly<Record<LimiterName, RateLimitSettings>>;
  readonly federation: FederationRateLimit;
  readonly readReceiptTransactionsPerRoomPerSecond: number;
}

export function readRateLimits(reader: Reader): RateLimitsConfig {
  const sections = new Map<string, Reader>();
  const section = (key: string): Reader => {
    const known = sections.get(key) ?? reader.section(key);
    sections.set(key, known);
    return known;
  };
  const limits = Object.fromEntries(
    Object.entries(RATE_LIMIT_DEFAULTS).map(([name, fallback]) => {
      const [top = name, nested] = name.split('.');
      const at = nested === undefined ? section(top) : section(top).section(nested);
      return [name, readLimit(at, fallback)];
    }),
  ) as Record<LimiterName, RateLimitSettings>;
  return {
    limits,
    federation: readFederation(section('rc_federation')),
    readReceiptTransactionsPerRoomPerSecond: reader.number('federation_rr_transactions_per_room_per_second', 50),
  };
}

function readLimit(reader: Reader, fallback: RateLimitSettings): RateLimitSettings {
  return {
    perSecond: reader.number('per_second', fallback.perSecond),
    burstCount: reader.integer('burst_count', fallback.burstCount, { min: 0 }),
  };
}

function readFederation(reader: Reader): FederationRateLimit {
  return {
    windowSizeMs: reader.integer('window_size', 1000),
    sleepLimit: reader.integer('sleep_limit', 10),
    sleepDelayMs: reader.integer('sleep_delay', 500),
    rejectLimit: reader.integer('reject_limit', 50),
    concurrent: reader.integer('concurrent', 3, { min: 1 }),
  };
}
