/** The tables of accounts. Only the stores of this layer write them; booleans are 0 or 1, times milliseconds. */

export interface AccountTables {
  users: {
    user_id: string;
    /** The localpart in lower case: new users have no other, imported ones may. */
    folded_localpart: string;
    /** argon2 or bcrypt; null: no password opens this account. */
    password_hash: string | null;
    /** `bot`, `support`, or what the configuration adds. */
    user_type: string | null;
    /** The appservice that made the user. */
    appservice_id: string | null;
    /** The version of the policy that the user has agreed to. */
    consent_version: string | null;
    consent_ts: number | null;
    created_ts: number;
    is_admin: number;
    is_guest: number;
    is_deactivated: number;
    is_erased: number;
    is_locked: number;
    is_suspended: number;
    is_shadow_banned: number;
    is_approved: number;
  };
  user_departures: { user_id: string; is_erased: number };
  devices: {
    user_id: string;
    device_id: string;
    display_name: string | null;
    created_ts: number;
    last_seen_ts: number | null;
    last_seen_ip: string | null;
    last_seen_user_agent: string | null;
    /** A dehydrated device: it has keys, but nobody is logged in with it and lists leave it out. */
    is_hidden: number;
  };
  device_connections: { user_id: string; device_id: string; ip: string; user_agent: string; last_seen_ts: number };
  /** What one login made; it lives on when its tokens are refreshed. */
  sessions: {
    session_id: number;
    user_id: string;
    device_id: string | null;
    created_ts: number;
    /** When the user last proved who they are, by logging in or by user-interactive authentication. */
    authenticated_ts: number;
    /** However often it is refreshed, it ends here. */
    expires_ts: number | null;
    /** The administrator who acts as this user. */
    puppeted_by: string | null;
  };
  access_tokens: {
    token_hash: Uint8Array;
    session_id: number;
    /** The refresh token that it was exchanged for. */
    refreshed_from: Uint8Array | null;
    is_used: number;
    created_ts: number;
    expires_ts: number | null;
  };
  refresh_tokens: {
    token_hash: Uint8Array;
    session_id: number;
    refreshed_from: Uint8Array | null;
    created_ts: number;
    expires_ts: number | null;
  };
}
