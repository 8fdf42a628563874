import { expect, test } from 'bun:test';
import { createHash } from 'node:crypto';
import { stateMapKey } from './index.ts';
import {
  alice,
  at,
  bob,
  carol,
  join,
  publicRoom,
  setJoinRule,
  setLevels,
  setMembership,
  setTopic,
} from './test-dag.ts';

const sha1 = (name: string) => createHash('sha1').update(`$${name}`).digest('hex');

test('the topic with the highest depth counts, whenever it claims to be made', () => {
  const dag = publicRoom('1');
  setTopic(dag, 'shallow', alice, { after: ['public'], ts: 9000 });
  setTopic(dag, 'deep', alice, { after: ['public'], depth: 100, ts: 1 });
  expect(at(dag.stateAfter(['shallow', 'deep']), 'm.room.topic')).toBe('deep');
});

test('of topics with equal depth the one with the lowest sha1 of its event id counts', () => {
  const dag = publicRoom('1');
  const names = ['a', 'b', 'c', 'd'];
  for (const name of names) setTopic(dag, name, alice, { after: ['public'] });
  const lowest = names.toSorted((x, y) => (sha1(x) < sha1(y) ? -1 : 1))[0];
  expect(at(dag.stateAfter(names), 'm.room.topic')).toBe(lowest);
});

test('a topic that the resolved power levels do not allow does not count', () => {
  const dag = publicRoom('1');
  join(dag, bob);
  setLevels(dag, 'start', alice, { users: { [alice]: 100, [bob]: 50 } });
  setLevels(dag, 'demotion', alice, { users: { [alice]: 100 } }, { after: ['start'] });
  setTopic(dag, 'alices', alice);
  setTopic(dag, 'bobs', bob, { after: ['start'], depth: 1000 });
  const state = dag.stateAfter(['alices', 'bobs']);
  expect(at(state, 'm.room.power_levels')).toBe('demotion');
  expect(at(state, 'm.room.topic')).toBe('alices');
});

test('if no topic is allowed, the one with the lowest depth counts', () => {
  const dag = publicRoom('1');
  setTopic(dag, 'first', bob, { after: ['public'] });
  setTopic(dag, 'second', bob);
  setTopic(dag, 'third', carol, { after: ['public'], depth: 1000 });
  expect(at(dag.stateAfter(['second', 'third']), 'm.room.topic')).toBe('second');
  expect(at(dag.stateAfter(['first', 'third']), 'm.room.topic')).toBe('first');
});

test('power levels are taken in turn, up to the first that those before it do not allow', () => {
  const dag = publicRoom('1');
  join(dag, bob);
  join(dag, carol);
  const users = { [alice]: 100, [bob]: 60, [carol]: 50 };
  setLevels(dag, 'start', alice, { users });
  setLevels(dag, 'one', bob, { users: { ...users, [carol]: 0 } }, { after: ['start'], depth: 20 });
  setLevels(dag, 'two', carol, { users: { ...users, '@d:one.test': 50 } }, { after: ['start'], depth: 30 });
  setLevels(dag, 'three', alice, { users: {} }, { after: ['start'], depth: 40 });
  // Were the list not left at the second, Alice's would be taken.
  expect(at(dag.stateAfter(['one', 'two', 'three']), 'm.room.power_levels')).toBe('one');
  expect(at(dag.stateAfter(['one', 'three']), 'm.room.power_levels')).toBe('three');
});

test('join rules are resolved before memberships', () => {
  const dag = publicRoom('1');
  join(dag, bob);
  setMembership(dag, 'bob-leaves', bob, bob, 'leave');
  setJoinRule(dag, 'invite-only', alice, 'invite', { after: ['bob-leaves'] });
  setJoinRule(dag, 'public-again', alice, 'public', { after: ['bob-leaves'], depth: 1 });
  join(dag, bob, 'back', { after: ['public-again'], depth: 1000 });
  const state = dag.stateAfter(['invite-only', 'back']);
  expect(at(state, 'm.room.join_rules')).toBe('invite-only');
  expect(at(state, 'm.room.member', bob)).toBe('bob-leaves');
});

test('a user banned in one fork may come back by the other, as is known of v1', () => {
  const dag = publicRoom('1');
  join(dag, bob);
  setMembership(dag, 'ban', alice, bob, 'ban', { after: ['bob-joins'], depth: 10 });
  join(dag, bob, 'new-name', { after: ['bob-joins'], depth: 5 });
  join(dag, bob, 'newer-name', { after: ['bob-joins'], depth: 20 });
  expect(at(dag.stateAfter(['ban', 'new-name']), 'm.room.member', bob)).toBe('ban');
  expect(at(dag.stateAfter(['ban', 'newer-name']), 'm.room.member', bob)).toBe('ban');
  setLevels(dag, 'demotion', alice, { users: {} }, { after: ['bob-joins'], depth: 1 });
  expect(at(dag.stateAfter(['ban', 'new-name', 'demotion']), 'm.room.member', bob)).toBe('new-name');
});

test('what only one fork has is kept unchecked', () => {
  const dag = publicRoom('1');
  dag.add('name', { type: 'm.room.name', sender: bob, stateKey: '', after: ['public'] });
  setTopic(dag, 'topic', alice, { after: ['public'] });
  const resolved = dag.resolve([dag.stateAfter(['name']), dag.stateAfter(['topic'])]);
  expect(at(resolved, 'm.room.name')).toBe('name');
  expect(at(resolved, 'm.room.topic')).toBe('topic');
  expect([...resolved.keys()].sort()).toEqual([stateMapKey('m.room.name', ''), stateMapKey('m.room.topic', '')].sort());
});
