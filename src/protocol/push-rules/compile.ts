import {
  type CompiledCondition,
  compileBodyPattern,
  compileCondition,
  type SharedTest,
  type UncheckedCondition,
  type UserTest,
} from './conditions.ts';
import { DEFAULT_RULES, type DefaultRule, MASTER_RULE_ID } from './default-rules.ts';
import {
  type DefaultRuleChange,
  PUSH_RULE_KINDS,
  type PushRuleFeatures,
  type PushRuleKind,
  type UserPushRule,
} from './push-rule.ts';
import { type PushVerdict, toVerdict } from './verdict.ts';

/** A rule ready to be evaluated; it matches when all its tests hold. */
export interface CompiledRule {
  readonly shared: readonly SharedTest[];
  readonly user: readonly UserTest[];
  /** Of a default rule, its index: the place of its shared result in `FlatEvent.defaultResults`. */
  readonly defaultIndex: number | undefined;
  readonly onlyInRoom: string | undefined;
  readonly verdict: PushVerdict;
}

/** The enabled rules of a user, highest priority first. Users without rules or changes of their own share one object. */
export interface CompiledRules {
  readonly all: readonly CompiledRule[];
  /** The rules that are not tied to one room; as people mute rooms, they are few beside `all`. */
  readonly forAnyRoom: readonly CompiledRule[];
  /** The rooms, in lower case, that some rule is tied to. */
  readonly roomsWithRules: ReadonlySet<string>;
}

/** The default rules of a server. */
export interface PushRuleDefaults {
  readonly rules: readonly DefaultRule[];
  readonly compiled: CompiledRules;
}

/** A compiled condition list, before it is known what the rule does. */
type Matcher = Omit<CompiledRule, 'verdict'>;

const DEFAULT_MATCHERS: ReadonlyMap<DefaultRule, Matcher> = new Map(
  DEFAULT_RULES.map((rule, index) => [rule, compileDefault(rule, index)]),
);

/** The default rules of a server with these features. Call it once; its compiled rules are shared by identity. */
export function pushRuleDefaults(features: PushRuleFeatures): PushRuleDefaults {
  const rules = DEFAULT_RULES.filter(({ feature }) => feature === undefined || features[feature]);
  return { rules, compiled: compileAll(rules, [], []) };
}

/**
 * Compiles the rules of a user: their own, `userRules`, each kind from the highest priority down, and what they changed
 * about default rules, `changes`. Do it once a user and keep the result until their rules change.
 */
export function compileRuleSet(
  defaults: PushRuleDefaults,
  userRules: readonly UserPushRule[],
  changes: readonly DefaultRuleChange[],
): CompiledRules {
  if (userRules.length === 0 && changes.length === 0) return defaults.compiled;
  return compileAll(defaults.rules, userRules, changes);
}

/** What `changes` says about a default rule. */
export function changeOf(
  rule: DefaultRule,
  changes: readonly DefaultRuleChange[],
): Pick<DefaultRule, 'enabled' | 'actions'> {
  const change = changes.find(({ kind, ruleId }) => kind === rule.kind && ruleId === rule.ruleId);
  return { enabled: change?.enabled ?? rule.enabled, actions: change?.actions ?? rule.actions };
}

function compileAll(
  defaults: readonly DefaultRule[],
  userRules: readonly UserPushRule[],
  changes: readonly DefaultRuleChange[],
): CompiledRules {
  const all = PUSH_RULE_KINDS.flatMap((kind) => compileKind(kind, defaults, userRules, changes));
  return {
    all,
    forAnyRoom: all.filter(({ onlyInRoom }) => onlyInRoom === undefined),
    roomsWithRules: new Set(all.flatMap(({ onlyInRoom }) => onlyInRoom ?? [])),
  };
}

function compileKind(
  kind: PushRuleKind,
  defaults: readonly DefaultRule[],
  userRules: readonly UserPushRule[],
  changes: readonly DefaultRuleChange[],
): CompiledRule[] {
  const ownDefaults = defaults.filter((rule) => rule.kind === kind);
  const compiledDefaults = (rules: readonly DefaultRule[]): CompiledRule[] =>
    rules.flatMap((rule) => {
      const { enabled, actions } = changeOf(rule, changes);
      return enabled ? [{ ...DEFAULT_MATCHERS.get(rule)!, verdict: toVerdict(`${kind}/${rule.ruleId}`, actions) }] : [];
    });
  return [
    ...compiledDefaults(ownDefaults.filter(({ ruleId }) => ruleId === MASTER_RULE_ID)),
    ...userRules.filter((rule) => rule.kind === kind && rule.enabled).flatMap(compileUserRule),
    ...compiledDefaults(ownDefaults.filter(({ ruleId }) => ruleId !== MASTER_RULE_ID)),
  ];
}

function compileDefault(rule: DefaultRule, index: number): Matcher {
  const matcher = toMatcher(conditionsOf(rule), index);
  if (matcher === undefined) throw new Error(`the conditions of the default rule ${rule.ruleId} do not compile`);
  if (rule.feature !== 'legacyMentions') return matcher;
  return { ...matcher, shared: [(event) => !event.hasMentions, ...matcher.shared] };
}

/** A rule that can never match compiles to nothing. */
function compileUserRule(rule: UserPushRule): CompiledRule[] {
  const matcher = toMatcher(conditionsOf(rule), undefined);
  return matcher === undefined ? [] : [{ ...matcher, verdict: toVerdict(`${rule.kind}/${rule.ruleId}`, rule.actions) }];
}

function conditionsOf(rule: DefaultRule | UserPushRule): (CompiledCondition | undefined)[] {
  const { ruleId } = rule;
  switch (rule.kind) {
    case 'content':
      return [rule.pattern === undefined ? undefined : compileBodyPattern(rule.pattern)];
    case 'room':
      return [{ shared: (event) => event.roomId === ruleId, onlyInRoom: ruleId.toLowerCase() }];
    case 'sender':
      return [{ shared: (event) => event.sender === ruleId }];
    default:
      return rule.conditions.map((condition: UncheckedCondition) => compileCondition(condition));
  }
}

function toMatcher(
  conditions: readonly (CompiledCondition | undefined)[],
  defaultIndex: number | undefined,
): Matcher | undefined {
  const known = conditions.filter((condition) => condition !== undefined);
  if (known.length < conditions.length) return undefined;
  return {
    shared: known.flatMap(({ shared }) => shared ?? []),
    user: known.flatMap(({ user }) => user ?? []),
    onlyInRoom: known.find(({ onlyInRoom }) => onlyInRoom !== undefined)?.onlyInRoom,
    defaultIndex,
  };
}
