/**
 * Push rules of users: their endpoints, their tables, the `m.push_rules` event of `/sync`, and the compiled rules, kept in
 * memory, that `notifications` evaluates. A user who joins the successor of a room takes their rules for it along.
 * Not here: the default rules and how rules are checked and evaluated, which is `protocol/push-rules`; what rules lead to.
 */
import type { Route } from '#api/endpoint.ts';
import type { Reader } from '#platform/storage/index.ts';
import type { Streams } from '#platform/streams/index.ts';
import type { ServerName } from '#protocol/identifiers/index.ts';
import { type PushRuleFeatures, pushRuleDefaults } from '#protocol/push-rules/index.ts';
import type { EventHook } from '#rooms/index.ts';
import { PushRuleStore } from './push-rule-store.ts';
import { PushRules } from './push-rules.ts';
import { RoomUpgradeHook } from './room-upgrade-hook.ts';
import { pushRulesRoutes } from './routes.ts';
import { UserPushRulesCache } from './user-push-rules.ts';

export type { PushRules, PushRulesEvent } from './push-rules.ts';

export interface PushRulesDeps {
  readonly reader: Reader;
  readonly streams: Streams;
  readonly serverName: ServerName;
  readonly features: PushRuleFeatures;
}

export interface PushRulesFeature {
  readonly routes: readonly Route[];
  /** To be registered with the room engine. */
  readonly hook: EventHook;
  readonly pushRules: PushRules;
}

export function pushRulesFeature({ reader, streams, serverName, features }: PushRulesDeps): PushRulesFeature {
  const store = new PushRuleStore(reader);
  const defaults = pushRuleDefaults(features);
  const cache = new UserPushRulesCache(store, defaults, streams);
  const pushRules = new PushRules(store, cache, defaults, streams);
  return { routes: pushRulesRoutes(pushRules), hook: new RoomUpgradeHook(store, cache, serverName), pushRules };
}
