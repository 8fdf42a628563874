import { badJson, invalidParam, MatrixError } from '../errors.ts';
import { isJsonObject, type JsonObject } from '../json.ts';
import { isComparable } from './conditions.ts';
import { parseMemberCount } from './member-count.ts';
import {
  PUSH_RULE_KINDS,
  type PushAction,
  type PushCondition,
  type PushRuleKind,
  type UserPushRule,
  type UserPushRuleKind,
} from './push-rule.ts';
import { HISTORICAL_ACTIONS } from './verdict.ts';

/** Bounds that no client comes near: they keep the cost of evaluating a rule small. */
const MAX_RULE_ID_LENGTH = 1024;
const MAX_PATTERN_LENGTH = 1024;
const MAX_CONDITIONS = 100;
const MAX_ACTIONS = 100;

/** Reads the kind of a rule from a path. 400 `M_INVALID_PARAM` if there is no such kind. */
export function parseRuleKind(text: string): PushRuleKind {
  const kind = PUSH_RULE_KINDS.find((known) => known === text);
  if (kind === undefined) throw invalidParam(`There is no push rule kind '${text}'`);
  return kind;
}

/** Reads the kind of a rule that a user makes or deletes. 400 `M_INVALID_PARAM` if users have no rules of that kind. */
export function parseUserRuleKind(text: string): UserPushRuleKind {
  const kind = parseRuleKind(text);
  if (kind === 'postcontent') throw invalidParam("Users cannot have push rules of the kind 'postcontent'");
  return kind;
}

/**
 * Reads what a client puts at `/pushrules/global/{kind}/{ruleId}`; the rule is enabled. Historical actions are kept, as
 * clients read back what they wrote; they have no effect. Conditions of unknown kinds are kept too and never hold.
 *
 * Errors: 400 `M_INVALID_PARAM` (a bad rule id, action or condition), `M_BAD_JSON` (a value of the wrong type),
 * `M_MISSING_PARAM`.
 * https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3pushrulesglobalkindruleid
 */
export function parseUserRule(kind: UserPushRuleKind, ruleId: string, body: unknown): UserPushRule {
  checkRuleId(ruleId);
  const object = requireObject(body);
  const rule = { kind, ruleId, enabled: true, actions: parseActions(object), conditions: [] };
  if (kind === 'content') return { ...rule, pattern: parsePattern(object) };
  if (kind === 'room' || kind === 'sender') return rule;
  return { ...rule, conditions: parseConditions(object.conditions) };
}

/** Reads what a client puts at `.../actions`. Errors as for `parseUserRule`. */
export function parseRuleActions(body: unknown): readonly PushAction[] {
  return parseActions(requireObject(body));
}

/** Reads what a client puts at `.../enabled`: `{ "enabled": boolean }`, or as old clients do, the boolean alone. */
export function parseRuleEnabled(body: unknown): boolean {
  if (typeof body === 'boolean') return body;
  const { enabled } = requireObject(body);
  if (enabled === undefined) throw new MatrixError('M_MISSING_PARAM', "Missing 'enabled'");
  if (typeof enabled !== 'boolean') throw badJson("'enabled' must be a boolean");
  return enabled;
}

function checkRuleId(ruleId: string): void {
  if (ruleId === '') throw invalidParam('The rule id must not be empty');
  if (ruleId.startsWith('.')) throw invalidParam("Rule ids that start with '.' are reserved for default rules");
  if (/[/\\]/.test(ruleId)) throw invalidParam('A rule id must not hold slashes or backslashes');
  if (ruleId.length > MAX_RULE_ID_LENGTH) throw invalidParam('The rule id is too long');
}

function requireObject(body: unknown): JsonObject {
  if (!isJsonObject(body)) throw badJson('The body must be a JSON object');
  return body;
}

function parseActions({ actions }: JsonObject): readonly PushAction[] {
  if (actions === undefined) throw new MatrixError('M_MISSING_PARAM', "Missing 'actions'");
  if (!Array.isArray(actions)) throw badJson("'actions' must be an array");
  if (actions.length > MAX_ACTIONS) throw invalidParam('Too many actions');
  return actions.map((action, index) => {
    if (typeof action === 'string' && (action === 'notify' || HISTORICAL_ACTIONS.includes(action))) return action;
    if (isJsonObject(action) && typeof action.set_tweak === 'string') return action;
    throw invalidParam(`actions[${index}] is not a known action`);
  });
}

function parsePattern({ pattern }: JsonObject): string {
  if (pattern === undefined) throw new MatrixError('M_MISSING_PARAM', "Missing 'pattern'");
  if (typeof pattern !== 'string') throw badJson("'pattern' must be a string");
  if (pattern.length > MAX_PATTERN_LENGTH) throw invalidParam("'pattern' is too long");
  return pattern;
}

/** A rule without conditions always matches. */
function parseConditions(conditions: unknown): readonly PushCondition[] {
  if (conditions === undefined) return [];
  if (!Array.isArray(conditions)) throw badJson("'conditions' must be an array");
  if (conditions.length > MAX_CONDITIONS) throw invalidParam('Too many conditions');
  return conditions.map((condition, index) => parseCondition(condition, `conditions[${index}]`));
}

function parseCondition(condition: unknown, path: string): PushCondition {
  if (!isJsonObject(condition)) throw badJson(`${path} must be an object`);
  const { kind } = condition;
  if (kind === undefined) throw new MatrixError('M_MISSING_PARAM', `Missing '${path}.kind'`);
  if (typeof kind !== 'string') throw badJson(`${path}.kind must be a string`);
  for (const parameter of PARAMETERS[kind] ?? [])
    checkParameter(condition[parameter], parameter, `${path}.${parameter}`);
  return { ...condition, kind };
}

type Parameter = 'key' | 'pattern' | 'value' | 'is';

/** The parameters that a condition must have, by its kind. */
const PARAMETERS: Readonly<Record<string, readonly Parameter[] | undefined>> = Object.assign(Object.create(null), {
  event_match: ['key', 'pattern'],
  event_property_is: ['key', 'value'],
  event_property_contains: ['key', 'value'],
  room_member_count: ['is'],
  sender_notification_permission: ['key'],
});

function checkParameter(value: unknown, parameter: Parameter, path: string): void {
  if (value === undefined) throw new MatrixError('M_MISSING_PARAM', `Missing '${path}'`);
  if (parameter === 'value') {
    if (!isComparable(value)) throw invalidParam(`${path} must be a string, an integer, a boolean or null`);
    return;
  }
  if (typeof value !== 'string') throw badJson(`${path} must be a string`);
  if (value.length > MAX_PATTERN_LENGTH) throw invalidParam(`${path} is too long`);
  if (parameter === 'is' && parseMemberCount(value) === undefined) {
    throw invalidParam(`${path} must be an integer after ==, <, >, <=, >= or nothing`);
  }
}
