import { describe, expect, test } from 'bun:test';
import { MatrixError } from '../errors.ts';
import {
  parseRuleActions,
  parseRuleEnabled,
  parseRuleKind,
  parseUserRule,
  parseUserRuleKind,
  placeRule,
  type UserPushRule,
} from './index.ts';

function refusal(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof MatrixError) return `${error.status} ${error.errcode}: ${error.message}`;
    throw error;
  }
  return 'accepted';
}

const put = (kind: 'override' | 'content' | 'room', body: unknown, ruleId = 'mine') =>
  refusal(() => parseUserRule(kind, ruleId, body));

describe('the rule that a client puts', () => {
  test('is read with its conditions, enabled', () => {
    const conditions = [
      { kind: 'event_match', key: 'content.body', pattern: 'beer', extra: 1 },
      { kind: 'room_member_count', is: '<=10' },
      { kind: 'org.example.unknown', anything: [1] },
    ];
    const actions = ['notify', { set_tweak: 'sound', value: 'beeroclock.wav' }];
    expect(parseUserRule('override', 'U2Vl', { conditions, actions, ignored: true })).toEqual({
      kind: 'override',
      ruleId: 'U2Vl',
      enabled: true,
      actions,
      conditions,
    });
  });

  test('keeps historical actions, which the client reads back', () => {
    expect(parseUserRule('sender', '@a:b', { actions: ['dont_notify', 'coalesce'] }).actions).toEqual([
      'dont_notify',
      'coalesce',
    ]);
  });

  test('may lack conditions', () => {
    expect(parseUserRule('underride', 'mine', { actions: [] }).conditions).toEqual([]);
  });

  test('needs a pattern if it is on content, and no conditions if it is not an override', () => {
    expect(parseUserRule('content', 'mine', { actions: [], pattern: 'cake' }).pattern).toBe('cake');
    expect(parseUserRule('room', '!r:x', { actions: [], conditions: 'whatever' }).conditions).toEqual([]);
    expect(put('content', { actions: [] })).toStartWith('400 M_MISSING_PARAM');
    expect(put('content', { actions: [], pattern: 1 })).toStartWith('400 M_BAD_JSON');
    expect(put('content', { actions: [], pattern: 'x'.repeat(5000) })).toStartWith('400 M_INVALID_PARAM');
  });

  test('must have an id that is not reserved', () => {
    for (const ruleId of ['.m.rule.mine', 'a/b', 'a\\b', '', 'x'.repeat(2000)]) {
      expect(put('room', { actions: [] }, ruleId)).toStartWith('400 M_INVALID_PARAM');
    }
  });

  test('must be an object with a list of known actions', () => {
    expect(put('room', [])).toStartWith('400 M_BAD_JSON');
    expect(put('room', {})).toStartWith('400 M_MISSING_PARAM');
    expect(put('room', { actions: 'notify' })).toStartWith('400 M_BAD_JSON');
    expect(put('room', { actions: ['notify', 'shout'] })).toBe('400 M_INVALID_PARAM: actions[1] is not a known action');
    expect(put('room', { actions: [{ set_tweak: 1 }] })).toStartWith('400 M_INVALID_PARAM');
    expect(put('room', { actions: [null] })).toStartWith('400 M_INVALID_PARAM');
  });

  test('must have well-formed conditions', () => {
    const condition = (value: unknown): string => put('override', { actions: [], conditions: [value] });
    expect(put('override', { actions: [], conditions: {} })).toStartWith('400 M_BAD_JSON');
    expect(condition('x')).toStartWith('400 M_BAD_JSON');
    expect(condition({})).toBe("400 M_MISSING_PARAM: Missing 'conditions[0].kind'");
    expect(condition({ kind: 1 })).toStartWith('400 M_BAD_JSON');
    expect(condition({ kind: 'event_match', key: 'type' })).toBe(
      "400 M_MISSING_PARAM: Missing 'conditions[0].pattern'",
    );
    expect(condition({ kind: 'event_match', key: 'type', pattern: {} })).toStartWith('400 M_BAD_JSON');
    expect(condition({ kind: 'event_property_is', key: 'type', value: [] })).toStartWith('400 M_INVALID_PARAM');
    expect(condition({ kind: 'event_property_is', key: 'type', value: 1.5 })).toStartWith('400 M_INVALID_PARAM');
    expect(condition({ kind: 'event_property_contains', key: 'type', value: null })).toBe('accepted');
    expect(condition({ kind: 'room_member_count', is: '~2' })).toStartWith('400 M_INVALID_PARAM');
    expect(condition({ kind: 'sender_notification_permission' })).toStartWith('400 M_MISSING_PARAM');
    expect(condition({ kind: 'constructor' })).toBe('accepted');
  });
});

test('a change of actions or enabledness is checked likewise', () => {
  expect(parseRuleActions({ actions: ['notify'] })).toEqual(['notify']);
  expect(refusal(() => parseRuleActions({ actions: ['shout'] }))).toStartWith('400 M_INVALID_PARAM');
  expect([parseRuleEnabled({ enabled: false }), parseRuleEnabled(true)]).toEqual([false, true]);
  expect(refusal(() => parseRuleEnabled({}))).toStartWith('400 M_MISSING_PARAM');
  expect(refusal(() => parseRuleEnabled({ enabled: 'yes' }))).toStartWith('400 M_BAD_JSON');
});

test('kinds are those of the specification, and users have no postcontent rules', () => {
  expect(parseRuleKind('postcontent')).toBe('postcontent');
  expect(parseUserRuleKind('underride')).toBe('underride');
  expect(refusal(() => parseUserRuleKind('postcontent'))).toStartWith('400 M_INVALID_PARAM');
  expect(refusal(() => parseRuleKind('device'))).toStartWith('400 M_INVALID_PARAM');
});

describe('the place of a rule', () => {
  const rule = (ruleId: string, parts: Partial<UserPushRule> = {}): UserPushRule => ({
    kind: 'room',
    ruleId,
    enabled: true,
    actions: [],
    conditions: [],
    ...parts,
  });
  const rules = [rule('a'), rule('b', { enabled: false }), rule('c')];
  const order = (placed: readonly UserPushRule[]): string => placed.map(({ ruleId }) => ruleId).join('');

  test('is the first for a new rule, and stays for an updated one', () => {
    expect(order(placeRule(rules, rule('x')))).toBe('xabc');
    expect(order(placeRule([], rule('x')))).toBe('x');
    const updated = placeRule(rules, rule('b', { actions: ['notify'] }));
    expect(order(updated)).toBe('abc');
    expect(updated[1]).toMatchObject({ actions: ['notify'], enabled: false });
  });

  test('is next to the rule that the client names', () => {
    expect(order(placeRule(rules, rule('x'), { before: 'b' }))).toBe('axbc');
    expect(order(placeRule(rules, rule('x'), { after: 'b' }))).toBe('abxc');
    expect(order(placeRule(rules, rule('c'), { before: 'a' }))).toBe('cab');
    expect(order(placeRule(rules, rule('a'), { after: 'c' }))).toBe('bca');
    expect(order(placeRule(rules, rule('x'), { before: 'c', after: 'a' }))).toBe('abxc');
    expect(order(placeRule(rules, rule('b'), { before: 'b' }))).toBe('abc');
  });

  test('cannot be next to a rule that the user does not have', () => {
    for (const place of [{ before: 'z' }, { after: '.m.rule.message' }, { before: 'x' }]) {
      expect(refusal(() => placeRule(rules, rule('x'), place))).toStartWith(
        '400 M_UNKNOWN: before/after rule not found',
      );
    }
  });
});
