/** The tables of `push-rules`. */

export interface PushRuleRow {
  readonly user_id: string;
  readonly kind: string;
  readonly rule_id: string;
  /** Within a kind, the smaller the higher its priority. */
  readonly place: number;
  readonly enabled: number;
  /** JSON array, as the client sent it. */
  readonly actions: string;
  /** JSON array; `[]` for kinds without conditions. */
  readonly conditions: string;
  /** Of `content` rules. */
  readonly pattern: string | null;
}

/** What a user changed about a default rule; null where it is as it was. */
export interface PushRuleChangeRow {
  readonly user_id: string;
  readonly kind: string;
  readonly rule_id: string;
  readonly enabled: number | null;
  readonly actions: string | null;
}

/** When a user's rules last changed. No row: never. */
export interface PushRulePositionRow {
  readonly user_id: string;
  readonly position: number;
}
