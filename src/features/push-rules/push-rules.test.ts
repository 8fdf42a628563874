import { expect, test } from 'bun:test';
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
import type { Requester } from '#api/requester.ts';
import type { RoomId } from '#protocol/identifiers/index.ts';
import { forEachEngine, type TestEngine } from '#test/storage.ts';
import { createWorld, refusal, SERVER_NAME } from '#test/world.ts';
import { notifications } from '../../../migrations/0008-notifications.ts';
import { pushRulesFeature } from './index.ts';

const FEATURES = { legacyMentions: true, polls: true, encryptedEvents: false, threadSubscriptions: false };

async function setUp(engine: TestEngine) {
  const world = await createWorld(engine, { migrations: [notifications] });
  const make = () =>
    pushRulesFeature({
      reader: world.storage.reader,
      streams: world.streams,
      serverName: SERVER_NAME,
      features: FEATURES,
    });
  const slice = make();
  world.hooks.push(slice.hook);
  const alice = world.user('alice');
  type Kind = 'override' | 'underride' | 'sender' | 'room' | 'content';
  const put = (
    as: Requester,
    kind: Kind,
    ruleId: string,
    body: object,
    query: { before?: string; after?: string } = {},
  ) => world.call(slice.routes, setPushRule, { as, params: { kind, ruleId }, query, body: body as never });
  const ids = async (as: Requester, kind: Kind) =>
    (await world.call(slice.routes, getPushRulesOfKind, { as, params: { kind } }))
      .filter((rule) => !rule.default)
      .map((rule) => rule.rule_id);
  return { world, ...slice, make, alice, put, ids };
}

forEachEngine('push rules', (engine) => {
  test('a user without rules of their own has the default ones, in every form', async () => {
    const { world, routes, alice } = await setUp(engine);
    const all = await world.call(routes, getPushRules, { as: alice });
    expect(all.global.override?.[0]?.rule_id).toBe('.m.rule.master');
    expect(await world.call(routes, getPushRulesGlobal, { as: alice })).toEqual(all.global);
    const params = { kind: 'underride' as const, ruleId: '.m.rule.message' };
    expect((await world.call(routes, getPushRule, { as: alice, params })).default).toBe(true);
    expect(await world.call(routes, isPushRuleEnabled, { as: alice, params })).toEqual({ enabled: true });
    expect(await world.call(routes, getPushRuleActions, { as: alice, params })).toEqual({ actions: ['notify'] });
  });

  test('a rule is made, read back as written, changed and deleted', async () => {
    const { world, routes, alice, put, make } = await setUp(engine);
    await put(alice, 'content', 'cake', { pattern: 'cake*lie', actions: ['dont_notify'] });
    const params = { kind: 'content' as const, ruleId: 'cake' };
    const read = () => world.call(routes, getPushRule, { as: alice, params });
    const rule = { rule_id: 'cake', default: false, enabled: true, pattern: 'cake*lie', actions: ['dont_notify'] };
    expect(await read()).toEqual(rule);
    await world.call(routes, setPushRuleEnabled, { as: alice, params, body: { enabled: false } });
    const actions = ['notify', { set_tweak: 'highlight' }];
    await world.call(routes, setPushRuleActions, { as: alice, params, body: { actions } });
    expect(await read()).toEqual({ ...rule, enabled: false, actions });
    // Written anew, it stays disabled.
    await put(alice, 'content', 'cake', { pattern: 'pie', actions: [] });
    expect(await read()).toEqual({ ...rule, enabled: false, pattern: 'pie', actions: [] });
    const again = make();
    expect(await world.call(again.routes, getPushRule, { as: alice, params })).toEqual(await read());
    await world.call(routes, deletePushRule, { as: alice, params });
    expect(await refusal(read())).toBe('404 M_NOT_FOUND');
    expect(await refusal(world.call(routes, deletePushRule, { as: alice, params }))).toBe('404 M_NOT_FOUND');
  });

  test('rules stand where they were put, however often they are moved', async () => {
    const { alice, put, ids, make, world } = await setUp(engine);
    const actions: string[] = [];
    for (const id of ['a', 'b', 'c']) await put(alice, 'sender', id, { actions });
    expect(await ids(alice, 'sender')).toEqual(['c', 'b', 'a']);
    await put(alice, 'sender', 'd', { actions }, { after: 'b' });
    expect(await ids(alice, 'sender')).toEqual(['c', 'b', 'd', 'a']);
    await put(alice, 'sender', 'a', { actions }, { before: 'c' });
    expect(await ids(alice, 'sender')).toEqual(['a', 'c', 'b', 'd']);
    // The places between two run out.
    let expected = ['a', 'c', 'b', 'd'];
    for (let n = 0; n < 14; n++) {
      await put(alice, 'sender', `n${n}`, { actions }, { after: 'a' });
      expected = ['a', `n${n}`, ...expected.slice(1)];
    }
    expect(await ids(alice, 'sender')).toEqual(expected);
    const read = await world.call(make().routes, getPushRulesOfKind, { as: alice, params: { kind: 'sender' } });
    expect(read.map((rule) => rule.rule_id)).toEqual(expected);
    expect(await refusal(put(alice, 'sender', 'x', { actions }, { before: 'nobody' }))).toBe('400 M_UNKNOWN');
  });

  test('what a user changes about a default rule is theirs alone', async () => {
    const { world, routes, pushRules, alice } = await setUp(engine);
    const params = { kind: 'underride' as const, ruleId: '.m.rule.message' };
    await world.call(routes, setPushRuleEnabled, { as: alice, params, body: { enabled: false } });
    await world.call(routes, setPushRuleActions, { as: alice, params, body: { actions: [] } });
    expect(await world.call(routes, getPushRule, { as: alice, params })).toMatchObject({ enabled: false, actions: [] });
    const bob = world.user('bob');
    expect(await world.call(routes, isPushRuleEnabled, { as: bob, params })).toEqual({ enabled: true });
    const compiled = await pushRules.loadCompiled([alice.userId, bob.userId]);
    expect(compiled.get(alice.userId)!.all.length).toBe(compiled.get(bob.userId)!.all.length - 1);
    expect(await refusal(world.call(routes, deletePushRule, { as: alice, params }))).toBe('404 M_NOT_FOUND');
  });

  test('bad rules are refused', async () => {
    const { world, routes, alice, put } = await setUp(engine);
    expect(await refusal(put(alice, 'sender', '.mine', { actions: [] }))).toBe('400 M_INVALID_PARAM');
    expect(await refusal(put(alice, 'content', 'x', { actions: [] }))).toBe('400 M_MISSING_PARAM');
    expect(await refusal(put(alice, 'content', 'x', { actions: ['shout'], pattern: 'x' }))).toBe('400 M_INVALID_PARAM');
    expect(await refusal(put(alice, 'room', 'a/b', { actions: [] }))).toBe('400 M_INVALID_PARAM');
    for (const ruleId of ['.m.rule.none', 'none']) {
      const params = { kind: 'override' as const, ruleId };
      for (const attempt of [
        () => world.call(routes, getPushRule, { as: alice, params }),
        () => world.call(routes, isPushRuleEnabled, { as: alice, params }),
        () => world.call(routes, getPushRuleActions, { as: alice, params }),
        () => world.call(routes, setPushRuleEnabled, { as: alice, params, body: { enabled: true } }),
        () => world.call(routes, setPushRuleActions, { as: alice, params, body: { actions: [] } }),
      ]) {
        expect(await refusal(attempt())).toBe('404 M_NOT_FOUND');
      }
    }
  });

  test('nobody reads or changes rules without a token, and nobody has the rules of others', async () => {
    const { world, routes, alice, put, ids } = await setUp(engine);
    await put(alice, 'sender', '@x:y', { actions: [] });
    const bob = world.user('bob');
    expect(await ids(bob, 'sender')).toEqual([]);
    const params = { kind: 'sender' as const, ruleId: '@x:y' };
    expect(await refusal(world.call(routes, getPushRule, { as: bob, params }))).toBe('404 M_NOT_FOUND');
    expect(await refusal(world.call(routes, deletePushRule, { as: bob, params }))).toBe('404 M_NOT_FOUND');
    for (const attempt of [
      () => world.call(routes, getPushRules, {}),
      () => world.call(routes, getPushRulesGlobal, {}),
      () => world.call(routes, getPushRulesOfKind, { params: { kind: 'sender' } }),
      () => world.call(routes, getPushRule, { params }),
      () => world.call(routes, setPushRule, { params, body: { actions: [] } }),
      () => world.call(routes, deletePushRule, { params }),
      () => world.call(routes, isPushRuleEnabled, { params }),
      () => world.call(routes, setPushRuleEnabled, { params, body: { enabled: true } }),
      () => world.call(routes, getPushRuleActions, { params }),
      () => world.call(routes, setPushRuleActions, { params, body: { actions: [] } }),
    ]) {
      expect(await refusal(attempt())).toBe('401 M_MISSING_TOKEN');
    }
  });

  test('sync is told in the beginning, and then when something changed', async () => {
    const { world, pushRules, make, alice, put } = await setUp(engine);
    const { userId } = alice;
    const initial = await pushRules.event(userId, { since: undefined });
    expect(JSON.parse(initial!.contentText).global.underride).toBeArray();
    const since = world.streams.current();
    expect(await pushRules.event(userId, { since })).toBeUndefined();
    const woken = world.streams.waitForUser(userId, since, 60_000, new AbortController().signal);
    await put(alice, 'room', '!a:b', { actions: [] });
    await woken;
    const told = await pushRules.event(userId, { since });
    expect(JSON.parse(told!.contentText).global.room[0].rule_id).toBe('!a:b');
    expect(await pushRules.event(userId, { since: world.streams.current() })).toBeUndefined();
    expect(await pushRules.changedSince(world.user('bob').userId, since)).toBe(false);
    // After a restart it is known from the table.
    const again = make().pushRules;
    expect(await again.changedSince(userId, since)).toBe(true);
    expect(await again.changedSince(userId, since + 100)).toBe(false);
    expect(await again.changedSince(world.user('bob').userId, since)).toBe(false);
  });

  test('changes at the same time do not lose each other', async () => {
    const { alice, put, ids } = await setUp(engine);
    await Promise.all(['a', 'b', 'c', 'd'].map((id) => put(alice, 'sender', id, { actions: [] })));
    expect((await ids(alice, 'sender')).sort()).toEqual(['a', 'b', 'c', 'd']);
  });

  test('whoever joins the successor of a room takes their rules along', async () => {
    const { world, alice, put, ids } = await setUp(engine);
    const bob = world.user('bob');
    const old = await world.room(alice, { joinRule: 'public' });
    await world.join(old, bob);
    for (const user of [alice, bob]) {
      await put(user, 'room', old, { actions: ['dont_notify'] });
      const about = { kind: 'event_match', key: 'room_id', pattern: old };
      await put(user, 'override', old, { actions: [], conditions: [about] });
      await put(user, 'override', 'other', { actions: [], conditions: [] });
    }
    // Made as `world.room` does, but for the predecessor, which only a create event names.
    const { roomId } = await world.rooms.engine.create((await world.rooms.directory.find(old))!.rules, [
      {
        type: 'm.room.create',
        stateKey: '',
        sender: alice.userId,
        content: { room_version: '11', predecessor: { room_id: old } },
      },
      { type: 'm.room.member', stateKey: alice.userId, sender: alice.userId, content: { membership: 'join' } },
      { type: 'm.room.join_rules', stateKey: '', sender: alice.userId, content: { join_rule: 'public' } },
    ]);
    expect((await ids(alice, 'room')).sort()).toEqual([old, roomId].sort());
    expect(await ids(bob, 'room')).toEqual([old]);
    const since = world.streams.current();
    await world.join(roomId as RoomId, bob);
    expect((await ids(bob, 'room')).sort()).toEqual([old, roomId].sort());
    expect((await ids(bob, 'override')).sort()).toEqual(['other', old, roomId].sort());
    expect(world.streams.current()).toBeGreaterThan(since);
    // What they decide for the new room stays when they come back to it.
    await put(bob, 'room', roomId, { actions: ['notify'] });
    await world.leave(roomId, bob);
    await world.join(roomId, bob);
    expect((await ids(bob, 'room')).length).toBe(2);
  });

  test('the rules of a deactivated account go', async () => {
    const { world, pushRules, alice, put, ids } = await setUp(engine);
    await put(alice, 'sender', '@x:y', { actions: [] });
    await world.streams.commit((batch) => pushRules.accountDeactivated(batch, alice.userId));
    expect(await ids(alice, 'sender')).toEqual([]);
  });
});
