import { changeOf, type PushRuleDefaults } from './compile.ts';
import { type DefaultCondition, type DefaultRule, isOwnProperty, MASTER_RULE_ID, ownValue } from './default-rules.ts';
import type {
  DefaultRuleChange,
  PushCondition,
  PushRule,
  PushRuleKind,
  RuleSet,
  UserPushRule,
  UserPushRuleKind,
} from './push-rule.ts';

/**
 * The rules of a user as on the wire: the master rule, then their own, each kind from the highest priority down, then the
 * default ones with the user's changes. What `GET /pushrules/global/` answers and the account data `m.push_rules` holds.
 * https://spec.matrix.org/v1.19/client-server-api/#predefined-rules
 */
export function composeRuleSet(
  defaults: PushRuleDefaults,
  userRules: readonly UserPushRule[],
  changes: readonly DefaultRuleChange[],
  userId: string,
): RuleSet {
  const defaultsOf = (kind: PushRuleKind, wanted: (rule: DefaultRule) => boolean): PushRule[] =>
    defaults.rules
      .filter((rule) => rule.kind === kind && wanted(rule))
      .map((rule) => renderDefault(rule, changes, userId));
  const rulesOf = (kind: UserPushRuleKind): PushRule[] => [
    ...defaultsOf(kind, ({ ruleId }) => ruleId === MASTER_RULE_ID),
    ...userRules.filter((rule) => rule.kind === kind).map(renderUserRule),
    ...defaultsOf(kind, ({ ruleId }) => ruleId !== MASTER_RULE_ID),
  ];
  const postcontent = defaultsOf('postcontent', () => true);
  return {
    override: rulesOf('override'),
    content: rulesOf('content'),
    ...(postcontent.length > 0 ? { postcontent } : {}),
    room: rulesOf('room'),
    sender: rulesOf('sender'),
    underride: rulesOf('underride'),
  };
}

/** The rule `ruleId` of a kind, or `undefined`. */
export function findRule(ruleSet: RuleSet, kind: PushRuleKind, ruleId: string): PushRule | undefined {
  return ruleSet[kind]?.find((rule) => rule.rule_id === ruleId);
}

/** Whether the server has this default rule, so that a user may change its `enabled` and `actions`. */
export function hasDefaultRule(defaults: PushRuleDefaults, kind: PushRuleKind, ruleId: string): boolean {
  return defaults.rules.some((rule) => rule.kind === kind && rule.ruleId === ruleId);
}

function renderUserRule(rule: UserPushRule): PushRule {
  return {
    rule_id: rule.ruleId,
    default: false,
    enabled: rule.enabled,
    actions: rule.actions,
    ...(rule.kind === 'override' || rule.kind === 'underride' ? { conditions: rule.conditions } : {}),
    ...(rule.pattern === undefined ? {} : { pattern: rule.pattern }),
  };
}

function renderDefault(rule: DefaultRule, changes: readonly DefaultRuleChange[], userId: string): PushRule {
  const matching =
    rule.pattern === undefined
      ? { conditions: rule.conditions.map((condition) => renderCondition(condition, userId)) }
      : { pattern: ownValue(rule.pattern, userId) };
  return { rule_id: rule.ruleId, default: true, ...changeOf(rule, changes), ...matching };
}

function renderCondition(condition: DefaultCondition, userId: string): PushCondition {
  const entries = Object.entries(condition).map(([key, value]) => [
    key,
    isOwnProperty(value) ? ownValue(value, userId) : value,
  ]);
  return Object.fromEntries(entries);
}
