import { Type } from '@sinclair/typebox';
import { endpoint } from '../endpoint.ts';
import { v3 } from '../paths.ts';
import { JsonObjectSchema } from '../schemas.ts';

const Actions = Type.Array(Type.Union([Type.String(), JsonObjectSchema]));
const Condition = Type.Object({
  kind: Type.String(),
  key: Type.Optional(Type.String()),
  pattern: Type.Optional(Type.String()),
  is: Type.Optional(Type.String()),
  /** A string, integer, boolean or null. */
  value: Type.Optional(Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()])),
});
const Rule = Type.Object({
  rule_id: Type.String(),
  default: Type.Boolean(),
  enabled: Type.Boolean(),
  actions: Actions,
  conditions: Type.Optional(Type.Array(Condition)),
  pattern: Type.Optional(Type.String()),
});
const Rules = Type.Array(Rule);
const Ruleset = Type.Partial(
  Type.Object({
    override: Rules,
    content: Rules,
    room: Rules,
    sender: Rules,
    underride: Rules,
    // https://github.com/matrix-org/matrix-spec-proposals/pull/4306
    postcontent: Rules,
  }),
);

const Kind = Type.Union([
  Type.Literal('override'),
  Type.Literal('underride'),
  Type.Literal('sender'),
  Type.Literal('room'),
  Type.Literal('content'),
  Type.Literal('postcontent'),
]);
const params = Type.Object({ kind: Kind, ruleId: Type.String() });
const rulePath = v3('/pushrules/global/{kind}/{ruleId}', { apiV1: true });
const enabledPath = v3('/pushrules/global/{kind}/{ruleId}/enabled', { apiV1: true });
const actionsPath = v3('/pushrules/global/{kind}/{ruleId}/actions', { apiV1: true });

const allBare = v3('/pushrules', { apiV1: true });
const globalBare = v3('/pushrules/global', { apiV1: true });
const kindBare = v3('/pushrules/global/{kind}', { apiV1: true });

/** All push rules. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3pushrules */
export const getPushRules = endpoint({
  operationId: 'getPushRules',
  method: 'GET',
  ...v3('/pushrules/', { apiV1: true, also: [allBare.path, ...allBare.aliases] }),
  auth: 'user',
  response: Type.Object({ global: Ruleset }),
});

/**
 * All push rules of the one scope there is.
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3pushrulesglobal
 */
export const getPushRulesGlobal = endpoint({
  operationId: 'getPushRulesGlobal',
  method: 'GET',
  ...v3('/pushrules/global/', { apiV1: true, also: [globalBare.path, ...globalBare.aliases] }),
  auth: 'user',
  response: Ruleset,
});

/** All push rules of one kind. Not in the specification. */
export const getPushRulesOfKind = endpoint({
  operationId: 'getPushRulesOfKind',
  method: 'GET',
  ...v3('/pushrules/global/{kind}/', { apiV1: true, also: [kindBare.path, ...kindBare.aliases] }),
  auth: 'user',
  params: Type.Object({ kind: Kind }),
  response: Rules,
});

/** One push rule. https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3pushrulesglobalkindruleid */
export const getPushRule = endpoint({
  operationId: 'getPushRule',
  method: 'GET',
  ...rulePath,
  auth: 'user',
  params,
  response: Rule,
});

/**
 * Makes, changes or moves a push rule.
 * https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3pushrulesglobalkindruleid
 */
export const setPushRule = endpoint({
  operationId: 'setPushRule',
  method: 'PUT',
  ...rulePath,
  auth: 'user',
  suspended: true,
  params,
  query: Type.Object({
    /** The id of the rule that this one shall stand next before. */
    before: Type.Optional(Type.String()),
    /** The id of the rule that this one shall stand next after. */
    after: Type.Optional(Type.String()),
  }),
  body: Type.Object({
    actions: Actions,
    /** For `override` and `underride` rules. */
    conditions: Type.Optional(Type.Array(Condition)),
    /** For `content` rules. */
    pattern: Type.Optional(Type.String()),
  }),
});

/** Removes a push rule. https://spec.matrix.org/v1.19/client-server-api/#delete_matrixclientv3pushrulesglobalkindruleid */
export const deletePushRule = endpoint({
  operationId: 'deletePushRule',
  method: 'DELETE',
  ...rulePath,
  auth: 'user',
  suspended: true,
  params,
});

/**
 * Whether a push rule is enabled.
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3pushrulesglobalkindruleidenabled
 */
export const isPushRuleEnabled = endpoint({
  operationId: 'isPushRuleEnabled',
  method: 'GET',
  ...enabledPath,
  auth: 'user',
  params,
  response: Type.Object({ enabled: Type.Boolean() }),
});

/**
 * Enables or disables a push rule.
 * https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3pushrulesglobalkindruleidenabled
 */
export const setPushRuleEnabled = endpoint({
  operationId: 'setPushRuleEnabled',
  method: 'PUT',
  ...enabledPath,
  auth: 'user',
  suspended: true,
  params,
  // Old clients send the boolean alone.
  body: Type.Union([Type.Boolean(), Type.Object({ enabled: Type.Optional(Type.Boolean()) })]),
});

/**
 * The actions of a push rule.
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3pushrulesglobalkindruleidactions
 */
export const getPushRuleActions = endpoint({
  operationId: 'getPushRuleActions',
  method: 'GET',
  ...actionsPath,
  auth: 'user',
  params,
  response: Type.Object({ actions: Actions }),
});

/**
 * Sets the actions of a push rule.
 * https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3pushrulesglobalkindruleidactions
 */
export const setPushRuleActions = endpoint({
  operationId: 'setPushRuleActions',
  method: 'PUT',
  ...actionsPath,
  auth: 'user',
  suspended: true,
  params,
  body: Type.Object({ actions: Actions }),
});
