import type { Static } from '@sinclair/typebox';
import {
  deletePushRule,
  getPushRule,
  getPushRuleActions,
  getPushRules,
  getPushRulesGlobal,
  getPushRulesOfKind,
  isPushRuleEnabled,
  setPushRule,
  setPushRuleActions,
  setPushRuleEnabled,
} from '#api/client/pushrules.ts';
import { type Route, route } from '#api/endpoint.ts';
import {
  parseRuleActions,
  parseRuleEnabled,
  parseRuleKind,
  parseUserRule,
  parseUserRuleKind,
} from '#protocol/push-rules/index.ts';
import type { PushRules } from './push-rules.ts';

type Rule = Static<typeof getPushRule.response>;
type Ruleset = Static<typeof getPushRulesGlobal.response>;

export function pushRulesRoutes(pushRules: PushRules): readonly Route[] {
  return [
    route(getPushRules, async ({ requester: { userId } }) => ({
      global: (await pushRules.ruleSet(userId)) as Ruleset,
    })),
    route(getPushRulesGlobal, async ({ requester: { userId } }) => (await pushRules.ruleSet(userId)) as Ruleset),
    route(getPushRulesOfKind, async ({ requester: { userId }, params }) => {
      return ((await pushRules.ruleSet(userId))[parseRuleKind(params.kind)] ?? []) as Rule[];
    }),
    route(getPushRule, async ({ requester: { userId }, params: { kind, ruleId } }) => {
      return (await pushRules.rule(userId, parseRuleKind(kind), ruleId)) as Rule;
    }),
    route(setPushRule, async ({ requester: { userId }, params: { kind, ruleId }, query, body }) => {
      await pushRules.put(userId, parseUserRule(parseUserRuleKind(kind), ruleId, body), query);
      return {};
    }),
    route(deletePushRule, async ({ requester: { userId }, params: { kind, ruleId } }) => {
      await pushRules.remove(userId, parseRuleKind(kind), ruleId);
      return {};
    }),
    route(isPushRuleEnabled, async ({ requester: { userId }, params: { kind, ruleId } }) => {
      return { enabled: (await pushRules.rule(userId, parseRuleKind(kind), ruleId)).enabled };
    }),
    route(setPushRuleEnabled, async ({ requester: { userId }, params: { kind, ruleId }, body }) => {
      await pushRules.setEnabled(userId, parseRuleKind(kind), ruleId, parseRuleEnabled(body));
      return {};
    }),
    route(getPushRuleActions, async ({ requester: { userId }, params: { kind, ruleId } }) => {
      return { actions: [...(await pushRules.rule(userId, parseRuleKind(kind), ruleId)).actions] };
    }),
    route(setPushRuleActions, async ({ requester: { userId }, params: { kind, ruleId }, body }) => {
      await pushRules.setActions(userId, parseRuleKind(kind), ruleId, parseRuleActions(body));
      return {};
    }),
  ];
}
