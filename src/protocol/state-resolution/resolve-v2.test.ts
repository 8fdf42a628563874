import { describe, expect, test } from 'bun:test';
import type { JsonObject } from '../json.ts';
import type { RoomVersion } from '../room-versions/index.ts';
import { stateMapKey } from './index.ts';
import {
  alice,
  at,
  bob,
  carol,
  eve,
  id,
  join,
  publicRoom,
  type State,
  setJoinRule,
  setLevels,
  setMembership,
  setTopic,
  type TestDag,
  zara,
} from './test-dag.ts';

const V2: readonly RoomVersion[] = ['2', '6', '11'];
const V2_AND_V21: readonly RoomVersion[] = [...V2, '12'];

/** Power levels in which Alice may do everything; in version 12 she may anyway, and may not be named. */
function levels(dag: TestDag, users: JsonObject): JsonObject {
  return { users: dag.rules.privilegedCreators ? users : { [alice]: 100, ...users } };
}

/** A public room with Bob and Eve in it, whose power levels are those given. */
function roomWith(version: RoomVersion, users: JsonObject): TestDag {
  const dag = publicRoom(version);
  join(dag, bob);
  join(dag, eve);
  setLevels(dag, 'start', alice, levels(dag, users));
  return dag;
}

/** The state with the event of that name in its place. */
function withEvent(dag: TestDag, state: State, name: string): State {
  const { type, stateKey } = dag.event(name);
  return new Map(state).set(stateMapKey(type, stateKey as string), id(name));
}

describe.each(V2_AND_V21)('in room version %s', (version) => {
  test('a ban wins over a power level change that the banned makes meanwhile', () => {
    const dag = roomWith(version, { [bob]: 50 });
    setMembership(dag, 'ban', alice, bob, 'ban', { after: ['start'], ts: 2000 });
    setLevels(dag, 'promotion', bob, levels(dag, { [bob]: 50, [eve]: 50 }), { after: ['start'], ts: 1000 });

    const state = dag.stateAfter(['ban', 'promotion']);
    expect(at(state, 'm.room.member', bob)).toBe('ban');
    expect(at(state, 'm.room.power_levels')).toBe('start');
  });

  test('a moderator cannot escape a ban by banning the admin first', () => {
    const dag = roomWith(version, { [bob]: 50 });
    setMembership(dag, 'ban', alice, bob, 'ban', { after: ['start'], ts: 2000 });
    setMembership(dag, 'revenge', bob, alice, 'ban', { after: ['start'], ts: 1 });

    const state = dag.stateAfter(['ban', 'revenge']);
    expect(at(state, 'm.room.member', bob)).toBe('ban');
    expect(at(state, 'm.room.member', alice)).toBe('alice-joins');
  });

  test('of two concurrent topics the later counts, then the greater event id', () => {
    const dag = roomWith(version, {});
    setTopic(dag, 'late', alice, { after: ['start'], ts: 2000 });
    setTopic(dag, 'early', alice, { after: ['start'], ts: 1000 });
    setTopic(dag, 'same-time', alice, { after: ['start'], ts: 2000 });

    expect(at(dag.stateAfter(['late', 'early']), 'm.room.topic')).toBe('late');
    expect(at(dag.stateAfter(['late', 'early', 'same-time']), 'm.room.topic')).toBe('same-time');
  });

  test('a topic set under newer power levels counts more than one claimed to be later', () => {
    const dag = roomWith(version, { [bob]: 50 });
    setTopic(dag, 'old-levels', bob, { after: ['start'], ts: 9000 });
    setLevels(dag, 'more', alice, levels(dag, { [bob]: 50, [eve]: 50 }), { after: ['start'] });
    setTopic(dag, 'new-levels', eve, { after: ['more'], ts: 10 });

    expect(at(dag.stateAfter(['old-levels', 'new-levels']), 'm.room.topic')).toBe('new-levels');
  });

  test('a topic set by somebody who lost the power to meanwhile does not count', () => {
    const dag = roomWith(version, { [bob]: 50 });
    setTopic(dag, 'before', alice, { after: ['start'] });
    setTopic(dag, 'bobs', bob, { after: ['before'], ts: 9000 });
    setLevels(dag, 'demotion', alice, levels(dag, { [bob]: 0 }), { after: ['before'] });

    const state = dag.stateAfter(['bobs', 'demotion']);
    expect(at(state, 'm.room.power_levels')).toBe('demotion');
    expect(at(state, 'm.room.topic')).toBe('before');
  });

  test('ban evasion: a banned user does not get back in by building on events from before the ban', () => {
    const dag = roomWith(version, {});
    setMembership(dag, 'ban', alice, eve, 'ban', { after: ['start'] });
    join(dag, eve, 'new-name', { after: ['start'], content: { displayname: 'Eve!' }, ts: 9000 });

    expect(at(dag.stateAfter(['ban', 'new-name']), 'm.room.member', eve)).toBe('ban');
  });

  test('join rule evasion: nobody joins by building on events from when the room was public', () => {
    const dag = roomWith(version, {});
    setJoinRule(dag, 'invite-only', alice, 'invite', { after: ['start'] });
    join(dag, carol, 'late-join', { after: ['start'], ts: 9000 });

    const state = dag.stateAfter(['invite-only', 'late-join']);
    expect(at(state, 'm.room.join_rules')).toBe('invite-only');
    expect(at(state, 'm.room.member', carol)).toBeUndefined();
  });

  test('power levels off the mainline: a chain of them survives against where it began', () => {
    const dag = publicRoom(version);
    join(dag, bob);
    join(dag, carol);
    setLevels(dag, 'pa', alice, levels(dag, { [bob]: 50 }));
    setLevels(dag, 'pb', bob, levels(dag, { [bob]: 50, [carol]: 50 }));
    setLevels(dag, 'pc', carol, levels(dag, { [bob]: 50, [carol]: 0 }));

    // Carol's are allowed only after Bob's, which are in the auth difference alone.
    expect(at(dag.stateAfter(['pc', 'pa']), 'm.room.power_levels')).toBe('pc');
    expect(at(dag.resolve([dag.stateAfter(['pc']), dag.stateAfter(['pa'])]), 'm.room.power_levels')).toBe('pc');
  });

  test('of two admins who demote each other, the one with more power has done so', () => {
    const dag = roomWith(version, { [bob]: 90, [eve]: 80 });
    setLevels(dag, 'eves', eve, levels(dag, { [bob]: 90, [eve]: 80, [carol]: 80 }), { after: ['start'], ts: 1 });
    setLevels(dag, 'bobs', bob, levels(dag, { [bob]: 90, [eve]: 0 }), { after: ['start'], ts: 2000 });

    expect(at(dag.stateAfter(['eves', 'bobs']), 'm.room.power_levels')).toBe('bobs');
  });

  test('what only one fork has must be allowed, too', () => {
    const dag = roomWith(version, { [bob]: 50 });
    dag.add('name', { type: 'm.room.name', sender: bob, stateKey: '', after: ['start'], ts: 9000 });
    setMembership(dag, 'ban', alice, bob, 'ban', { after: ['start'] });
    dag.add('avatar', { type: 'm.room.avatar', sender: alice, stateKey: '', after: ['start'] });

    const resolved = dag.resolve(['name', 'ban', 'avatar'].map((name) => dag.stateAfter([name])));
    expect(resolved.has(stateMapKey('m.room.name', ''))).toBe(true);
    expect(at(resolved, 'm.room.name')).toBeUndefined();
    expect(at(resolved, 'm.room.avatar')).toBe('avatar');
  });

  test('a claimed depth changes nothing', () => {
    const topics = [0, 1e9].map((depth) => {
      const dag = roomWith(version, { [bob]: 50 });
      setLevels(dag, 'bobs', bob, levels(dag, { [bob]: 50, [eve]: 50 }), { after: ['start'], depth });
      setTopic(dag, 'eves', eve, { after: ['bobs'], depth: 1e9 - depth });
      setTopic(dag, 'alices', alice, { after: ['start'] });
      return at(dag.stateAfter(['eves', 'alices']), 'm.room.topic');
    });
    expect(topics).toEqual(['eves', 'eves']);
  });

  test('an event that is not known is as if no fork had it', () => {
    const dag = roomWith(version, {});
    const state = dag.stateAfter([setTopic(dag, 'topic', alice)]);
    const other = new Map(state).set(stateMapKey('m.room.topic', ''), id('unknown'));
    expect(at(dag.resolve([state, other]), 'm.room.topic')).toBe('topic');
    const alone = new Map(state).set(stateMapKey('m.room.name', ''), id('unknown'));
    expect([...dag.resolve([state, alone])]).toEqual([[stateMapKey('m.room.name', ''), undefined]]);
  });

  test('a rejected event among auth_events does not fill a gap in the state', () => {
    const dag = publicRoom(version);
    join(dag, bob);
    setLevels(dag, 'start', alice, levels(dag, { [bob]: 50 }));
    // An unconflicted event cites Bob's membership, which is therefore not in the auth difference.
    dag.add('name', { type: 'm.room.name', sender: bob, stateKey: '' });
    setTopic(dag, 'topic', bob);
    const state = new Map(dag.stateAfter(['topic']));
    state.delete(stateMapKey('m.room.member', bob));
    const other = new Map(state);
    other.delete(stateMapKey('m.room.topic', ''));

    expect(at(dag.resolve([state, other]), 'm.room.topic')).toBe('topic');
    const isRejected = (eventId: string) => eventId === '$bob-joins';
    expect(at(dag.resolve([state, other], { isRejected }), 'm.room.topic')).toBeUndefined();
  });

  test('forks that are equal have nothing to resolve', () => {
    const dag = roomWith(version, {});
    const state = dag.stateAfter(['start']);
    expect(dag.resolve([state, state, new Map(state)]).size).toBe(0);
  });

  test('power levels with a state key are no power event', () => {
    const dag = roomWith(version, { [bob]: 50 });
    dag.add('odd', { type: 'm.room.power_levels', sender: bob, stateKey: 'odd', after: ['start'], ts: 1 });
    setMembership(dag, 'ban', alice, bob, 'ban', { after: ['start'] });
    // Sorted among power events it would still come after the ban; sorted with the rest it is refused as well.
    expect(at(dag.stateAfter(['odd', 'ban']), 'm.room.power_levels', 'odd')).toBeUndefined();
    expect(at(dag.stateAfter(['odd', 'ban']), 'm.room.power_levels')).toBe('start');
  });
});

/** Alice closed the room and left it, but another server says that it is still public. */
function closedAndLeft(version: RoomVersion): readonly [TestDag, State, State] {
  const dag = roomWith(version, {});
  setJoinRule(dag, 'invite-only', alice, 'invite');
  setMembership(dag, 'alice-leaves', alice, alice, 'leave');
  const right = dag.stateAfter(['alice-leaves']);
  return [dag, right, withEvent(dag, right, 'public')];
}

/** Power passed from Alice to Bob to Carol; another server has the first power levels, and does not know of Zara. */
function resetToFirstLevels(version: RoomVersion): readonly [TestDag, State, State] {
  const dag = publicRoom(version);
  join(dag, bob);
  join(dag, carol);
  setLevels(dag, 'second', alice, levels(dag, { [bob]: 50 }));
  setLevels(dag, 'third', bob, levels(dag, { [bob]: 50, [carol]: 50 }));
  join(dag, zara);
  join(dag, eve, 'eve-joins', { after: ['third'] });
  const wrong = new Map(withEvent(dag, dag.stateAfter(['eve-joins']), 'levels'));
  return [dag, dag.stateAfter(['zara-joins']), wrong];
}

describe.each(V2)('in room version %s, as v2 has it', (version) => {
  test('a join rule of somebody who has left cannot be resolved again', () => {
    const [dag, right, wrong] = closedAndLeft(version);
    expect(at(dag.merge([right, wrong]), 'm.room.join_rules')).toBeUndefined();
  });

  test("power levels go back to the first where those in between are in everyone's auth chain", () => {
    const [dag, right, wrong] = resetToFirstLevels(version);
    expect(at(dag.merge([right, wrong]), 'm.room.power_levels')).toBe('levels');
  });
});

describe('in room version 12, which v2.1 brings', () => {
  test('starting from an empty set keeps the join rule of somebody who has left', () => {
    const [dag, right, wrong] = closedAndLeft('12');
    const state = dag.merge([right, wrong]);
    expect(at(state, 'm.room.join_rules')).toBe('invite-only');
    expect(at(state, 'm.room.member', alice)).toBe('alice-leaves');
  });

  test('the conflicted subgraph keeps the latest power levels', () => {
    const [dag, right, wrong] = resetToFirstLevels('12');
    const state = dag.merge([right, wrong]);
    expect(at(state, 'm.room.power_levels')).toBe('third');
    expect(at(state, 'm.room.member', zara)).toBe('zara-joins');
    expect(at(state, 'm.room.member', eve)).toBe('eve-joins');
  });

  test('the creator overrules whatever levels say', () => {
    const dag = roomWith('12', { [bob]: 1_000_000 });
    setLevels(dag, 'bobs', bob, { users: { [bob]: 1_000_000, [eve]: 100 } }, { after: ['start'], ts: 1 });
    setLevels(dag, 'alices', alice, { users: {} }, { after: ['start'], ts: 9000 });
    expect(at(dag.stateAfter(['bobs', 'alices']), 'm.room.power_levels')).toBe('alices');
  });
});
