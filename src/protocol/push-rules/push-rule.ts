import type { JsonObject } from '../json.ts';

/**
 * The kinds of push rule, in the order in which they are checked. `postcontent` is of MSC4306 (thread subscriptions) and
 * holds default rules only.
 * https://spec.matrix.org/v1.19/client-server-api/#push-rules
 */
export const PUSH_RULE_KINDS = ['override', 'content', 'postcontent', 'room', 'sender', 'underride'] as const;

export type PushRuleKind = (typeof PUSH_RULE_KINDS)[number];

/** The kinds of which a user may have rules of their own. */
export type UserPushRuleKind = Exclude<PushRuleKind, 'postcontent'>;

/** `"notify"`, a historical action without effect, or `{ "set_tweak": name, "value"?: ... }`. */
export type PushAction = string | JsonObject;

/** A condition as on the wire. One of an unknown kind is kept as it is and never holds. */
export interface PushCondition extends JsonObject {
  kind: string;
}

/** A push rule as on the wire. */
export interface PushRule {
  readonly rule_id: string;
  readonly default: boolean;
  readonly enabled: boolean;
  readonly actions: readonly PushAction[];
  /** On `override`, `postcontent` and `underride` rules. */
  readonly conditions?: readonly PushCondition[];
  /** On `content` rules. */
  readonly pattern?: string;
}

/** The push rules of a user as on the wire, what `GET /pushrules/global/` answers. Each list starts with the highest priority. */
export type RuleSet = Readonly<Record<UserPushRuleKind, readonly PushRule[]>> & {
  /** Only when thread subscriptions are on. */
  readonly postcontent?: readonly PushRule[];
};

/** A rule that a user made. */
export interface UserPushRule {
  readonly kind: UserPushRuleKind;
  readonly ruleId: string;
  readonly enabled: boolean;
  /** As the client sent them, historical ones included. */
  readonly actions: readonly PushAction[];
  /** `[]` for kinds other than `override` and `underride`. */
  readonly conditions: readonly PushCondition[];
  /** Only on `content` rules. */
  readonly pattern?: string;
}

/** What a user changed about a default rule. */
export interface DefaultRuleChange {
  readonly kind: PushRuleKind;
  readonly ruleId: string;
  readonly enabled?: boolean;
  readonly actions?: readonly PushAction[];
}

/** Which default rules a server offers beyond those of the specification. */
export interface PushRuleFeatures {
  /**
   * The rules that look for the user's names and for `@room` in message bodies. The specification removed them in v1.17;
   * Synapse still has them. They never match an event that has `m.mentions`.
   */
  readonly legacyMentions: boolean;
  /** The rules for polls of MSC3930. */
  readonly polls: boolean;
  /** Notify of every encrypted event, so that clients decide after decryption: MSC4028. */
  readonly encryptedEvents: boolean;
  /** Rules on thread subscriptions: MSC4306. */
  readonly threadSubscriptions: boolean;
}
