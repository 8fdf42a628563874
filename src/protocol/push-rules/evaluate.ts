import type { CompiledRule, CompiledRules } from './compile.ts';
import type { PushUser } from './conditions.ts';
import type { FlatEvent } from './flat-event.ts';
import { NO_MATCH, type PushVerdict } from './verdict.ts';

/** A member of a room with their compiled rules. */
export interface PushRecipient<Id extends string = string> extends PushUser {
  readonly userId: Id;
  readonly rules: CompiledRules;
}

/** That an event notifies a member. */
export interface PushNotification<Id extends string = string> {
  readonly userId: Id;
  readonly verdict: PushVerdict;
}

/**
 * What a user's rules say about an event: the verdict of the first rule that matches. The sender of the event is never
 * notified. Costs little for default rules, whose shared part is found out once an event.
 * https://spec.matrix.org/v1.19/client-server-api/#push-rules
 */
export function evaluate(rules: CompiledRules, event: FlatEvent, user: PushUser): PushVerdict {
  if (user.userId === event.sender) return NO_MATCH;
  const candidates = rules.roomsWithRules.has(event.lowerRoomId) ? rules.all : rules.forAnyRoom;
  for (const rule of candidates) {
    if (sharedHolds(rule, event) && userHolds(rule, event, user)) return rule.verdict;
  }
  return NO_MATCH;
}

/** Evaluates an event for each member; answers those whom it notifies, in their order. */
export function evaluateForMany<Id extends string>(
  event: FlatEvent,
  recipients: Iterable<PushRecipient<Id>>,
): PushNotification<Id>[] {
  const notifications: PushNotification<Id>[] = [];
  for (const recipient of recipients) {
    const verdict = evaluate(recipient.rules, event, recipient);
    if (verdict.notify) notifications.push({ userId: recipient.userId, verdict });
  }
  return notifications;
}

const HOLDS = 1;
const FAILS = 2;

function sharedHolds({ shared, defaultIndex }: CompiledRule, event: FlatEvent): boolean {
  if (defaultIndex === undefined) return shared.every((test) => test(event));
  const known = event.defaultResults[defaultIndex];
  if (known === HOLDS || known === FAILS) return known === HOLDS;
  const holds = shared.every((test) => test(event));
  event.defaultResults[defaultIndex] = holds ? HOLDS : FAILS;
  return holds;
}

function userHolds({ user }: CompiledRule, event: FlatEvent, member: PushUser): boolean {
  return user.length === 0 || user.every((test) => test(event, member));
}
