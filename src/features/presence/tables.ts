/** What a user's presence was last: what they come back to, and who has to go offline after a restart. */
export interface PresenceRow {
  readonly user_id: string;
  readonly presence: string;
  readonly status_msg: string | null;
  /** Milliseconds since the epoch; 0: never. */
  readonly last_active_ts: number;
}
