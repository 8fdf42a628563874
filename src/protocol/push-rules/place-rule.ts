import { MatrixError } from '../errors.ts';
import type { UserPushRule } from './push-rule.ts';

/** Where a client wants a rule: ids of the user's own rules of the same kind. */
export interface RulePlace {
  /** The rule is to come right above this one. Goes before `after` when both are given. */
  readonly before?: string | undefined;
  /** The rule is to come right below this one. */
  readonly after?: string | undefined;
}

/**
 * The user's rules of one kind, highest priority first, with `rule` added, or put in place of the one with its id. A new
 * rule comes first unless `place` says otherwise; an updated one stays where it is, and as enabled or disabled as it was.
 *
 * Errors: 400 `M_UNKNOWN` if `place` names a rule that the user does not have, a default rule included.
 * https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3pushrulesglobalkindruleid
 */
export function placeRule(rules: readonly UserPushRule[], rule: UserPushRule, place: RulePlace = {}): UserPushRule[] {
  const current = rules.findIndex(({ ruleId }) => ruleId === rule.ruleId);
  const placed = current === -1 ? rule : { ...rule, enabled: rules[current]!.enabled };
  const anchor = place.before ?? place.after;
  if (anchor === undefined || anchor === rule.ruleId) {
    if (current !== -1) return rules.with(current, placed);
    if (anchor === undefined) return [placed, ...rules];
  }
  const others = rules.filter(({ ruleId }) => ruleId !== rule.ruleId);
  const at = others.findIndex(({ ruleId }) => ruleId === anchor);
  if (at === -1) throw new MatrixError('M_UNKNOWN', `before/after rule not found: ${anchor}`, { status: 400 });
  return others.toSpliced(place.before === undefined ? at + 1 : at, 0, placed);
}
