/**
 * Push rules: the default ones as data, what a user's whole rule set looks like on the wire, how a client's changes are
 * checked, and how rules are evaluated for an event. Here is no storage, no unread count, no pusher.
 *
 * One event, many members: `flattenEvent` once, then `evaluateForMany`. A user without rules of their own costs about a
 * table look-up a default rule. Rules are compiled when they change, never when an event comes.
 * https://spec.matrix.org/v1.19/client-server-api/#push-rules
 */
export {
  type CompiledRules,
  compileRuleSet,
  type PushRuleDefaults,
  pushRuleDefaults,
} from './compile.ts';
export { composeRuleSet, findRule, hasDefaultRule } from './compose-rule-set.ts';
export type { PushUser } from './conditions.ts';
export { evaluate, evaluateForMany, type PushNotification, type PushRecipient } from './evaluate.ts';
export { type FlatEvent, flattenEvent, type PushEvent, type PushRoom } from './flat-event.ts';
export { parseRuleActions, parseRuleEnabled, parseRuleKind, parseUserRule, parseUserRuleKind } from './parse-rule.ts';
export { placeRule, type RulePlace } from './place-rule.ts';
export {
  type DefaultRuleChange,
  PUSH_RULE_KINDS,
  type PushAction,
  type PushCondition,
  type PushRule,
  type PushRuleFeatures,
  type PushRuleKind,
  type RuleSet,
  type UserPushRule,
  type UserPushRuleKind,
} from './push-rule.ts';
export { effectiveActions, type PushVerdict } from './verdict.ts';
