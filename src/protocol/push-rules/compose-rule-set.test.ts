import { describe, expect, test } from 'bun:test';
import {
  composeRuleSet,
  findRule,
  hasDefaultRule,
  PUSH_RULE_KINDS,
  pushRuleDefaults,
  type UserPushRule,
} from './index.ts';

const ALICE = '@alice:example.org';
const NONE = { legacyMentions: false, polls: false, encryptedEvents: false, threadSubscriptions: false };
const defaults = pushRuleDefaults(NONE);
const ids = (rules: readonly { rule_id: string }[]): string[] => rules.map(({ rule_id }) => rule_id);

describe('the rule set of a user without rules', () => {
  const ruleSet = composeRuleSet(defaults, [], [], ALICE);

  test('has the default rules of the specification in their order', () => {
    expect(ids(ruleSet.override)).toEqual([
      '.m.rule.master',
      '.m.rule.suppress_notices',
      '.m.rule.invite_for_me',
      '.m.rule.member_event',
      '.m.rule.is_user_mention',
      '.m.rule.is_room_mention',
      '.m.rule.tombstone',
      '.m.rule.reaction',
      '.m.rule.room.server_acl',
      '.m.rule.suppress_edits',
    ]);
    expect(ids(ruleSet.underride)).toEqual([
      '.m.rule.call',
      '.m.rule.encrypted_room_one_to_one',
      '.m.rule.room_one_to_one',
      '.m.rule.message',
      '.m.rule.encrypted',
      '.im.vector.jitsi',
    ]);
    expect([ruleSet.content, ruleSet.room, ruleSet.sender]).toEqual([[], [], []]);
    expect('postcontent' in ruleSet).toBe(false);
  });

  test('names the user in the rules about them', () => {
    expect(findRule(ruleSet, 'override', '.m.rule.is_user_mention')).toEqual({
      rule_id: '.m.rule.is_user_mention',
      default: true,
      enabled: true,
      conditions: [{ kind: 'event_property_contains', key: 'content.m\\.mentions.user_ids', value: ALICE }],
      actions: ['notify', { set_tweak: 'sound', value: 'default' }, { set_tweak: 'highlight' }],
    });
    expect(findRule(ruleSet, 'override', '.m.rule.invite_for_me')?.conditions?.[2]).toEqual({
      kind: 'event_match',
      key: 'state_key',
      pattern: ALICE,
    });
  });

  test('has the master rule disabled', () => {
    expect(findRule(ruleSet, 'override', '.m.rule.master')).toEqual({
      rule_id: '.m.rule.master',
      default: true,
      enabled: false,
      conditions: [],
      actions: [],
    });
  });
});

test('features add their rules in place', () => {
  const all = pushRuleDefaults({ legacyMentions: true, polls: true, encryptedEvents: true, threadSubscriptions: true });
  const ruleSet = composeRuleSet(all, [], [], ALICE);
  expect(ids(ruleSet.override)).toEqual([
    '.m.rule.master',
    '.org.matrix.msc4028.encrypted_event',
    '.m.rule.suppress_notices',
    '.m.rule.invite_for_me',
    '.m.rule.member_event',
    '.m.rule.is_user_mention',
    '.m.rule.contains_display_name',
    '.m.rule.is_room_mention',
    '.m.rule.roomnotif',
    '.m.rule.tombstone',
    '.m.rule.reaction',
    '.m.rule.room.server_acl',
    '.m.rule.suppress_edits',
    '.org.matrix.msc3930.rule.poll_response',
  ]);
  expect(ruleSet.content).toEqual([
    {
      rule_id: '.m.rule.contains_user_name',
      default: true,
      enabled: true,
      pattern: 'alice',
      actions: ['notify', { set_tweak: 'sound', value: 'default' }, { set_tweak: 'highlight' }],
    },
  ]);
  expect(ids(ruleSet.postcontent ?? [])).toEqual([
    '.io.element.msc4306.rule.unsubscribed_thread',
    '.io.element.msc4306.rule.subscribed_thread',
  ]);
  expect(ids(ruleSet.underride).slice(-4)).toEqual([
    '.org.matrix.msc3930.rule.poll_start_one_to_one',
    '.org.matrix.msc3930.rule.poll_start',
    '.org.matrix.msc3930.rule.poll_end_one_to_one',
    '.org.matrix.msc3930.rule.poll_end',
  ]);
  for (const kind of PUSH_RULE_KINDS) {
    for (const rule of ruleSet[kind] ?? []) expect(rule.rule_id).toStartWith('.');
  }
});

test('rules of the user come below the master rule and above the others, with their changes', () => {
  const rules: UserPushRule[] = [
    { kind: 'override', ruleId: 'a', enabled: false, actions: ['dont_notify'], conditions: [] },
    { kind: 'content', ruleId: 'cake', enabled: true, actions: ['notify'], conditions: [], pattern: 'cake*lie' },
    { kind: 'room', ruleId: '!r:x', enabled: true, actions: [], conditions: [] },
  ];
  const changes = [
    { kind: 'override', ruleId: '.m.rule.master', enabled: true },
    { kind: 'underride', ruleId: '.m.rule.message', actions: [] },
    { kind: 'override', ruleId: '.m.rule.message', enabled: false },
  ] as const;
  const ruleSet = composeRuleSet(defaults, rules, changes, ALICE);
  expect(ids(ruleSet.override).slice(0, 3)).toEqual(['.m.rule.master', 'a', '.m.rule.suppress_notices']);
  expect(ruleSet.override[0]?.enabled).toBe(true);
  expect(ruleSet.override[1]).toEqual({
    rule_id: 'a',
    default: false,
    enabled: false,
    actions: ['dont_notify'],
    conditions: [],
  });
  expect(ruleSet.content).toEqual([
    { rule_id: 'cake', default: false, enabled: true, actions: ['notify'], pattern: 'cake*lie' },
  ]);
  expect(ruleSet.room).toEqual([{ rule_id: '!r:x', default: false, enabled: true, actions: [] }]);
  expect(findRule(ruleSet, 'underride', '.m.rule.message')).toMatchObject({ enabled: true, actions: [] });
});

test('a default rule is known by its kind and id', () => {
  expect(hasDefaultRule(defaults, 'underride', '.m.rule.message')).toBe(true);
  expect(hasDefaultRule(defaults, 'override', '.m.rule.message')).toBe(false);
  expect(hasDefaultRule(defaults, 'content', '.m.rule.contains_user_name')).toBe(false);
});
