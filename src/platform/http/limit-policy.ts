import type { RateLimit } from '#api/endpoint.ts';
import type { LimiterName } from '#platform/config/index.ts';

interface LimitPolicy {
  readonly limiter: LimiterName;
  /**
   * `take`: a request takes from the bucket. `check`: it is refused when the bucket is empty, and the handler takes when
   * the action is really done. `handler`: the handler does both, since only it knows which of the buckets applies.
   */
  readonly action: 'take' | 'check' | 'handler';
}

/** What the binder does for a contract's rate limit, so that limits hold as in Synapse. */
export const BINDER_LIMITS: Readonly<Record<RateLimit, LimitPolicy>> = {
  rc_message: { limiter: 'rc_message', action: 'take' },
  // Registration takes several requests (user-interactive authentication); only an account made counts.
  rc_registration: { limiter: 'rc_registration', action: 'check' },
  rc_registration_token_validity: { limiter: 'rc_registration_token_validity', action: 'take' },
  // By address, by account and by failures; appservices are exempt from the first.
  rc_login: { limiter: 'rc_login.address', action: 'handler' },
  // Local or remote, and only if not joined already.
  rc_joins: { limiter: 'rc_joins.local', action: 'handler' },
  // By room, by who is invited and by who invites.
  rc_invites: { limiter: 'rc_invites.per_issuer', action: 'handler' },
  rc_room_creation: { limiter: 'rc_room_creation', action: 'take' },
  rc_reports: { limiter: 'rc_reports', action: 'take' },
  rc_media_create: { limiter: 'rc_media_create', action: 'take' },
  rc_key_requests: { limiter: 'rc_key_requests', action: 'take' },
  // An update beyond the limit is dropped in silence, not refused.
  rc_presence: { limiter: 'rc_presence.per_user', action: 'handler' },
  // Applies to administrators of a room who redact what others sent; `rc_message` otherwise.
  rc_admin_redaction: { limiter: 'rc_admin_redaction', action: 'handler' },
  // By the sender's address and by the e-mail address or number.
  rc_3pid_validation: { limiter: 'rc_3pid_validation', action: 'take' },
  rc_user_directory: { limiter: 'rc_user_directory', action: 'take' },
  rc_profile: { limiter: 'rc_profile', action: 'take' },
  rc_read: { limiter: 'rc_read', action: 'take' },
};
