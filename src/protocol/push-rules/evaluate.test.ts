import { describe, expect, test } from 'bun:test';
import type { EventId, RoomId, UserId } from '../identifiers/index.ts';
import type { JsonObject } from '../json.ts';
import {
  compileRuleSet,
  type DefaultRuleChange,
  evaluate,
  evaluateForMany,
  flattenEvent,
  type PushCondition,
  type PushEvent,
  type PushRoom,
  type PushUser,
  type PushVerdict,
  pushRuleDefaults,
  type UserPushRule,
} from './index.ts';

const ALICE = '@alice:example.org' as UserId;
const BOB = '@bob:example.org';
const ROOM = '!Room:example.org' as RoomId;

const SPEC = pushRuleDefaults({
  legacyMentions: false,
  polls: false,
  encryptedEvents: false,
  threadSubscriptions: false,
});
const LEGACY = pushRuleDefaults({
  legacyMentions: true,
  polls: true,
  encryptedEvents: false,
  threadSubscriptions: true,
});

function event(parts: Partial<PushEvent> = {}): PushEvent {
  return {
    eventId: '$event' as EventId,
    roomId: ROOM,
    type: 'm.room.message',
    stateKey: undefined,
    sender: ALICE,
    content: { msgtype: 'm.text', body: 'hello' },
    originServerTs: 1000,
    redacts: undefined,
    ...parts,
  };
}

const message = (body: string, further: JsonObject = {}): PushEvent => event({ content: { body, ...further } });

function room(parts: Partial<PushRoom> = {}): PushRoom {
  return { memberCount: 3, senderPowerLevel: 0, notificationLevels: undefined, ...parts };
}

interface Scenario {
  readonly room?: Partial<PushRoom>;
  readonly user?: Partial<PushUser>;
  readonly rules?: readonly UserPushRule[];
  readonly changes?: readonly DefaultRuleChange[];
  readonly defaults?: typeof SPEC;
}

function run(pushEvent: PushEvent, scenario: Scenario = {}): PushVerdict {
  const { defaults = SPEC, rules = [], changes = [] } = scenario;
  const flat = flattenEvent(pushEvent, room(scenario.room));
  return evaluate(compileRuleSet(defaults, rules, changes), flat, { userId: BOB, ...scenario.user });
}

function override(conditions: readonly PushCondition[], parts: Partial<UserPushRule> = {}): UserPushRule {
  return { kind: 'override', ruleId: 'mine', enabled: true, actions: ['notify'], conditions, ...parts };
}

/** Whether a rule of the user with this one condition matches. */
function holds(condition: PushCondition, pushEvent: PushEvent, scenario: Scenario = {}): boolean {
  return run(pushEvent, { ...scenario, rules: [override([condition])] }).rule === 'override/mine';
}

describe('the default rules', () => {
  test('notify of a message without a sound in a group', () => {
    expect(run(event())).toEqual({
      rule: 'underride/.m.rule.message',
      notify: true,
      highlight: false,
      actions: ['notify'],
    });
  });

  test('notify with a sound in a room of two', () => {
    const verdict = run(event(), { room: { memberCount: 2 } });
    expect(verdict.rule).toBe('underride/.m.rule.room_one_to_one');
    expect(verdict.sound).toBe('default');
  });

  test('notify of encrypted events', () => {
    const encrypted = event({ type: 'm.room.encrypted', content: { ciphertext: 'x' } });
    expect(run(encrypted).rule).toBe('underride/.m.rule.encrypted');
    expect(run(encrypted, { room: { memberCount: 2 } }).rule).toBe('underride/.m.rule.encrypted_room_one_to_one');
  });

  test('never notify of the own events of a user', () => {
    expect(run(event(), { user: { userId: ALICE } }).notify).toBe(false);
  });

  test('are silent about notices, edits, reactions, server ACLs and foreign memberships', () => {
    const silent: [string, PushEvent][] = [
      ['override/.m.rule.suppress_notices', message('x', { msgtype: 'm.notice' })],
      ['override/.m.rule.suppress_edits', message('x', { 'm.relates_to': { rel_type: 'm.replace' } })],
      ['override/.m.rule.reaction', event({ type: 'm.reaction', content: {} })],
      ['override/.m.rule.room.server_acl', event({ type: 'm.room.server_acl', stateKey: '', content: {} })],
      [
        'override/.m.rule.member_event',
        event({ type: 'm.room.member', stateKey: ALICE, content: { membership: 'join' } }),
      ],
    ];
    for (const [rule, quiet] of silent)
      expect(run(quiet)).toEqual({ rule, notify: false, highlight: false, actions: [] });
  });

  test('notify of an invite to the invited user only', () => {
    const invite = event({ type: 'm.room.member', stateKey: BOB, content: { membership: 'invite' } });
    expect(run(invite)).toMatchObject({ rule: 'override/.m.rule.invite_for_me', notify: true, sound: 'default' });
    expect(run(invite, { user: { userId: '@carol:example.org' } }).notify).toBe(false);
  });

  test('highlight a mention of the user and of nobody else', () => {
    const mention = message('hi', { 'm.mentions': { user_ids: [1, BOB] } });
    expect(run(mention)).toMatchObject({ rule: 'override/.m.rule.is_user_mention', highlight: true, sound: 'default' });
    expect(run(mention, { user: { userId: '@carol:example.org' } }).highlight).toBe(false);
    expect(run(message('hi', { 'm.mentions': { user_ids: BOB } })).highlight).toBe(false);
  });

  test('highlight a room mention of a sender who may', () => {
    const mention = message('hi', { 'm.mentions': { room: true } });
    expect(run(mention, { room: { senderPowerLevel: 50 } }).highlight).toBe(true);
    expect(run(mention, { room: { senderPowerLevel: 49 } }).highlight).toBe(false);
    expect(run(mention, { room: { senderPowerLevel: undefined } }).highlight).toBe(false);
    expect(run(mention, { room: { senderPowerLevel: 0, notificationLevels: { room: 0 } } }).highlight).toBe(true);
    expect(run(mention, { room: { senderPowerLevel: 70, notificationLevels: { room: '80' } } }).highlight).toBe(false);
  });

  test('highlight a tombstone that is state', () => {
    expect(run(event({ type: 'm.room.tombstone', stateKey: '', content: {} })).highlight).toBe(true);
    expect(run(event({ type: 'm.room.tombstone', content: {} })).notify).toBe(false);
  });

  test('ring for a call', () => {
    expect(run(event({ type: 'm.call.invite', content: {} })).sound).toBe('ring');
  });

  test('do not look for names in the body', () => {
    expect(
      run(message('hey bob, @room'), { user: { displayName: 'Bob' }, room: { senderPowerLevel: 100 } }).highlight,
    ).toBe(false);
  });

  test('notify of nothing once the master rule is on', () => {
    const changes = [{ kind: 'override', ruleId: '.m.rule.master', enabled: true }] as const;
    const rules = [override([])];
    expect(run(event(), { changes, rules })).toMatchObject({ rule: 'override/.m.rule.master', notify: false });
  });
});

describe('the legacy rules, where they are on,', () => {
  const legacy = { defaults: LEGACY };

  test('highlight the display name and the localpart as words, whatever their case', () => {
    expect(run(message('ask BOB about it'), legacy).rule).toBe('content/.m.rule.contains_user_name');
    expect(run(message('ask bobby about it'), legacy).highlight).toBe(false);
    expect(run(message('ask The Builder.'), { ...legacy, user: { displayName: 'the builder' } }).rule).toBe(
      'override/.m.rule.contains_display_name',
    );
    expect(run(message('hello'), { ...legacy, user: { displayName: '' } }).highlight).toBe(false);
  });

  test('take a display name as it is, not as a pattern', () => {
    expect(run(message('anything'), { ...legacy, user: { displayName: '*' } }).highlight).toBe(false);
    expect(run(message('see *'), { ...legacy, user: { displayName: '*' } }).highlight).toBe(true);
  });

  test('highlight @room from a sender who may', () => {
    const powerful = { ...legacy, room: { senderPowerLevel: 50 } };
    expect(run(message('hi @room!'), powerful).rule).toBe('override/.m.rule.roomnotif');
    expect(run(message('hi @room!'), legacy).highlight).toBe(false);
  });

  test('do not match an event that says whom it mentions', () => {
    expect(run(message('bob', { 'm.mentions': {} }), legacy).highlight).toBe(false);
  });
});

describe('the optional rules, where they are on,', () => {
  test('notify of polls and are silent about votes', () => {
    const poll = (what: string): PushEvent => event({ type: `org.matrix.msc3381.poll.${what}`, content: {} });
    expect(run(poll('start'), { defaults: LEGACY }).notify).toBe(true);
    expect(run(poll('end'), { defaults: LEGACY, room: { memberCount: 2 } }).sound).toBe('default');
    expect(run(poll('response'), { defaults: LEGACY })).toMatchObject({ notify: false, actions: [] });
    expect(run(poll('start')).notify).toBe(false);
  });

  test('follow thread subscriptions, after rules on content', () => {
    const subscribed = (threadSubscription: boolean | undefined) => ({
      defaults: LEGACY,
      user: { threadSubscription },
    });
    expect(run(message('x'), subscribed(true)).sound).toBe('default');
    expect(run(message('x'), subscribed(false)).notify).toBe(false);
    expect(run(message('x'), subscribed(undefined)).rule).toBe('underride/.m.rule.message');
    expect(run(message('x bob'), subscribed(false)).rule).toBe('content/.m.rule.contains_user_name');
  });
});

describe('event_match', () => {
  const topic = event({ type: 'm.room.topic', stateKey: '', content: { topic: 'Lunch plans', nested: { a: 1 } } });
  const match = (key: string, pattern: string): PushCondition => ({ kind: 'event_match', key, pattern });

  test('matches the whole value, whatever its case', () => {
    expect(holds(match('content.topic', 'lunc?*'), topic)).toBe(true);
    expect(holds(match('content.topic', 'LUNCH PLANS'), topic)).toBe(true);
    expect(holds(match('content.topic', 'lunch'), topic)).toBe(false);
    for (const other of [' lunch', 'lunc', null]) {
      expect(holds(match('content.topic', 'lunc?*'), event({ content: { topic: other } }))).toBe(false);
    }
  });

  test('does not match what is absent or not a string, even with *', () => {
    expect(holds(match('content.absent', '*'), topic)).toBe(false);
    expect(holds(match('content.nested', '*'), topic)).toBe(false);
    expect(holds(match('content.nested.a', '*'), topic)).toBe(false);
    expect(holds(match('state_key', '*'), message('x'))).toBe(false);
    expect(holds(match('state_key', ''), topic)).toBe(true);
  });

  test('matches words in the body', () => {
    const body = (text: string): boolean => holds(match('content.body', 'ex*ple'), message(text));
    expect(body('An example event.')).toBe(true);
    expect(body('exple')).toBe(true);
    expect(body('An exciting triple-whammy')).toBe(true);
    expect(body('An examples event')).toBe(false);
    expect(holds(match('content.body', 'cake*lie'), message('the cake is a lie'))).toBe(true);
  });

  test('reads escaped keys', () => {
    expect(holds(match('content.m\\.x.y', 'z'), event({ content: { 'm.x': { y: 'z' } } }))).toBe(true);
    expect(holds(match('content.m.x.y', 'z'), event({ content: { 'm.x': { y: 'z' } } }))).toBe(false);
  });
});

describe('event_property_is', () => {
  const is = (value: string | number | boolean | null): PushCondition => ({
    kind: 'event_property_is',
    key: 'content.m\\.federate',
    value,
  });

  test('compares exactly, types included', () => {
    const create = event({ content: { 'm.federate': true } });
    expect(holds(is(true), create)).toBe(true);
    expect(holds(is('true'), create)).toBe(false);
    expect(holds(is(1), create)).toBe(false);
    expect(holds(is(null), event({ content: { 'm.federate': null } }))).toBe(true);
    expect(holds(is(null), event({ content: {} }))).toBe(false);
    expect(holds(is('A'), event({ content: { 'm.federate': 'a' } }))).toBe(false);
  });
});

describe('event_property_contains', () => {
  const aliases = event({ content: { alt_aliases: ['#a:x', 3, { deep: 1 }, null] } });
  const contains = (value: string | number | null): PushCondition => ({
    kind: 'event_property_contains',
    key: 'content.alt_aliases',
    value,
  });

  test('finds an exact value in an array', () => {
    expect(holds(contains('#a:x'), aliases)).toBe(true);
    expect(holds(contains(3), aliases)).toBe(true);
    expect(holds(contains(null), aliases)).toBe(true);
    expect(holds(contains(':x'), aliases)).toBe(false);
    expect(holds(contains('#a:x'), event({ content: { alt_aliases: '#a:x' } }))).toBe(false);
  });
});

describe('other conditions', () => {
  test('room_member_count compares as its prefix says', () => {
    const count = (is: string): boolean =>
      holds({ kind: 'room_member_count', is }, event(), { room: { memberCount: 10 } });
    expect(['10', '==10', '<11', '>9', '<=10', '>=10'].map(count)).toEqual([true, true, true, true, true, true]);
    expect(['9', '==9', '<10', '>10', '<=9', '>=11', '!10', ' 10', '1e1'].some(count)).toBe(false);
  });

  test('contains_display_name works in the rules of a user', () => {
    expect(holds({ kind: 'contains_display_name' }, message('dear Bobo'), { user: { displayName: 'bobo' } })).toBe(
      true,
    );
  });

  test('an unknown or malformed condition makes its rule never match', () => {
    expect(holds({ kind: 'org.example.future' }, event())).toBe(false);
    expect(holds({ kind: 'event_match', key: 'type' }, event())).toBe(false);
    expect(holds({ kind: 'constructor' }, event())).toBe(false);
  });

  test('all conditions of a rule must hold, and a rule without conditions always matches', () => {
    const both = [
      { kind: 'event_match', key: 'type', pattern: 'm.room.message' },
      { kind: 'room_member_count', is: '>100' },
    ];
    expect(run(event(), { rules: [override(both)] }).rule).toBe('underride/.m.rule.message');
    expect(run(event(), { rules: [override([])] }).rule).toBe('override/mine');
  });
});

describe('rules of a user', () => {
  const roomRule = (ruleId: string): UserPushRule => ({
    kind: 'room',
    ruleId,
    enabled: true,
    actions: [],
    conditions: [],
  });

  test('a room rule silences its room and no other', () => {
    expect(run(event(), { rules: [roomRule(ROOM)] })).toMatchObject({ rule: `room/${ROOM}`, notify: false });
    expect(run(event(), { rules: [roomRule('!other:example.org')] }).notify).toBe(true);
    expect(run(event(), { rules: [roomRule(ROOM.toLowerCase())] }).notify).toBe(true);
  });

  test('an override on the room id silences it, whatever the case of the pattern', () => {
    const muted = override([{ kind: 'event_match', key: 'room_id', pattern: ROOM.toLowerCase() }], { actions: [] });
    expect(run(event(), { rules: [muted] })).toMatchObject({ rule: 'override/mine', notify: false });
    expect(run(event({ roomId: '!b:x' as RoomId }), { rules: [muted] }).notify).toBe(true);
  });

  test('a sender rule silences its sender', () => {
    const rules: UserPushRule[] = [{ kind: 'sender', ruleId: ALICE, enabled: true, actions: [], conditions: [] }];
    expect(run(event(), { rules }).rule).toBe(`sender/${ALICE}`);
    expect(run(event({ sender: '@carol:x' as UserId }), { rules }).notify).toBe(true);
  });

  test('kinds are checked in order, and rules of a kind in the order given', () => {
    const content = (ruleId: string, pattern: string): UserPushRule => ({
      kind: 'content',
      ruleId,
      enabled: true,
      actions: ['notify'],
      conditions: [],
      pattern,
    });
    const underride = override([], { kind: 'underride' });
    const rules = [underride, roomRule(ROOM), content('tea', 'tea'), content('time', 'time')];
    expect(run(message("It's time for tea"), { rules }).rule).toBe('content/tea');
    expect(run(message('time'), { rules }).rule).toBe('content/time');
    expect(run(message('x'), { rules }).rule).toBe(`room/${ROOM}`);
    expect(run(message('x'), { rules: [underride] }).rule).toBe('underride/mine');
  });

  test('a disabled rule does not match', () => {
    expect(run(event(), { rules: [override([], { enabled: false })] }).rule).toBe('underride/.m.rule.message');
  });

  test('a changed default rule has its new actions and enabledness, for that user only', () => {
    const changes: DefaultRuleChange[] = [
      { kind: 'underride', ruleId: '.m.rule.message', actions: ['notify', { set_tweak: 'sound', value: 'ping' }] },
      { kind: 'underride', ruleId: '.m.rule.room_one_to_one', enabled: false },
    ];
    expect(run(event(), { changes, room: { memberCount: 2 } })).toMatchObject({
      rule: 'underride/.m.rule.message',
      sound: 'ping',
    });
    expect(run(event(), { room: { memberCount: 2 } }).sound).toBe('default');
  });

  test('historical actions do nothing', () => {
    expect(run(event(), { rules: [override([], { actions: ['dont_notify', 'coalesce'] })] })).toEqual({
      rule: 'override/mine',
      notify: false,
      highlight: false,
      actions: [],
    });
  });

  test('a highlight needs notify, and false takes it away', () => {
    const highlight = { set_tweak: 'highlight' };
    const actions = (...list: UserPushRule['actions']) => run(event(), { rules: [override([], { actions: list })] });
    expect(actions(highlight).highlight).toBe(false);
    expect(actions('notify', highlight).highlight).toBe(true);
    expect(actions('notify', { ...highlight, value: false }).highlight).toBe(false);
  });
});

describe('evaluating for many members', () => {
  test('answers as evaluating for each of them alone, and leaves out who is not notified', () => {
    const plain = compileRuleSet(LEGACY, [], []);
    const quiet = compileRuleSet(LEGACY, [override([], { actions: [] })], []);
    const flat = flattenEvent(message('hello bob', {}), room({ memberCount: 4 }));
    const recipients = [
      { userId: ALICE as string, rules: plain },
      { userId: BOB, rules: plain },
      { userId: '@carol:example.org', rules: plain },
      { userId: '@dave:example.org', rules: quiet },
    ];
    expect(evaluateForMany(flat, recipients).map(({ userId, verdict }) => [userId, verdict.rule])).toEqual([
      [BOB, 'content/.m.rule.contains_user_name'],
      ['@carol:example.org', 'underride/.m.rule.message'],
    ]);
  });

  test('users with default rules only share one compiled set', () => {
    expect(compileRuleSet(SPEC, [], [])).toBe(SPEC.compiled);
  });
});
