import { isJsonObject } from '../json.ts';
import type { PushAction } from './push-rule.ts';

/** What the push rules of a user say about an event. Shared between users: never changed. */
export interface PushVerdict {
  /** The rule that matched, `kind/rule_id`; `undefined` if none did. */
  readonly rule: string | undefined;
  readonly notify: boolean;
  /** Only ever `true` together with `notify`. */
  readonly highlight: boolean;
  /** Present only together with `notify`. */
  readonly sound?: string;
  /** The actions of the rule without the historical ones, which have no effect. */
  readonly actions: readonly PushAction[];
}

/** No rule matched, or the event is the user's own. */
export const NO_MATCH: PushVerdict = { rule: undefined, notify: false, highlight: false, actions: [] };

/** https://spec.matrix.org/v1.19/client-server-api/#historical-actions */
export const HISTORICAL_ACTIONS: readonly string[] = ['dont_notify', 'coalesce'];

/** Reads the actions of a rule. https://spec.matrix.org/v1.19/client-server-api/#actions */
export function toVerdict(rule: string, ruleActions: readonly PushAction[]): PushVerdict {
  const actions = effectiveActions(ruleActions);
  if (!actions.includes('notify')) return { rule, notify: false, highlight: false, actions };
  const sound = tweakOf(actions, 'sound');
  const highlight = tweakOf(actions, 'highlight') === true;
  return { rule, notify: true, highlight, actions, ...(typeof sound === 'string' ? { sound } : {}) };
}

/** The actions without the historical ones, so that `["dont_notify"]` equals `[]`. */
export function effectiveActions(actions: readonly PushAction[]): readonly PushAction[] {
  return actions.filter((action) => typeof action !== 'string' || !HISTORICAL_ACTIONS.includes(action));
}

/** The value of a tweak, the last one if it is set twice; `true` for a `highlight` without a value. */
function tweakOf(actions: readonly PushAction[], name: string): unknown {
  const action = actions.findLast((candidate) => isJsonObject(candidate) && candidate.set_tweak === name);
  if (!isJsonObject(action)) return undefined;
  return action.value === undefined && name === 'highlight' ? true : action.value;
}
