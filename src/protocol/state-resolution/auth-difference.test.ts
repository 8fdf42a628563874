import { expect, test } from 'bun:test';
import type { EventId } from '../identifiers/index.ts';
import { authDifference, authRank, runResolution } from './index.ts';
import {
  alice,
  bob,
  carol,
  id,
  join,
  publicRoom,
  type State,
  setMembership,
  setTopic,
  type TestDag,
} from './test-dag.ts';

/** The auth difference of two forks that differ at the events given, and otherwise have the state given. */
function difference(dag: TestDag, state: State, ...forks: readonly (readonly EventId[])[]): string[] {
  const { ports, answer } = dag.sources([state]);
  const ids = runResolution(authDifference({ ...ports, forks }), answer);
  return [...ids].map((eventId) => eventId.slice(1)).sort();
}

test('what only one fork cites is in the difference, what both cite is not', () => {
  const dag = publicRoom('11');
  const state = dag.stateAfter(['public']);
  const bobJoins = join(dag, bob);
  const left = setTopic(dag, 'left', bob);
  const right = setTopic(dag, 'right', alice, { after: ['public'] });
  expect(difference(dag, state, [left, bobJoins], [right])).toEqual(['bob-joins', 'public']);
});

test('what an unconflicted event cites is in every chain', () => {
  const dag = publicRoom('11');
  join(dag, carol);
  const state = dag.stateAfter(['carol-joins']);
  const bobJoins = join(dag, bob);
  const left = setTopic(dag, 'left', bob);
  const right = setTopic(dag, 'right', alice, { after: ['carol-joins'] });
  // Carol joined by the same join rule as Bob.
  expect(difference(dag, state, [left, bobJoins], [right])).toEqual(['bob-joins']);
});

test('an unconflicted event is not in its own chain', () => {
  const dag = publicRoom('11');
  join(dag, bob);
  const state = dag.stateAfter(['bob-joins']);
  const left = setTopic(dag, 'left', bob);
  const right = setTopic(dag, 'right', alice, { after: ['bob-joins'] });
  expect(difference(dag, state, [left], [right])).toEqual(['bob-joins']);
});

test('what an unconflicted event leads to by a long way is in every chain', () => {
  const dag = publicRoom('11');
  join(dag, bob);
  const left = setTopic(dag, 'left', bob);
  const names = Array.from({ length: 10 }, (_, index) => `name-${index}`);
  for (const name of names) join(dag, bob, name, { content: { displayname: name } });
  const state = dag.stateAfter(['name-9']);
  const right = setTopic(dag, 'right', alice);
  // Bob's join is cited by his first name only, which his second superseded, and so on up to the one in the state.
  expect(difference(dag, state, [left], [right])).toEqual([]);
});

test('an event cited by many is found in the chain of the last of them', () => {
  const dag = publicRoom('11');
  join(dag, bob);
  const left = setTopic(dag, 'left', bob);
  for (let index = 0; index < 10; index++) setTopic(dag, `topic-${index}`, bob);
  dag.add('name', { type: 'm.room.name', sender: bob, stateKey: '' });
  const state = dag.stateAfter(['name']);
  const right = setTopic(dag, 'right', alice);
  expect(difference(dag, state, [left], [right])).toEqual([]);
  const { nodes } = dag;
  expect([...nodes.values()].filter((node) => node.authEventIds.includes(id('bob-joins'))).length).toBe(12);
});

test('superseded events that lead nowhere do not count', () => {
  const dag = publicRoom('11');
  join(dag, bob);
  const left = setTopic(dag, 'left', bob);
  for (let index = 0; index < 5; index++) setTopic(dag, `topic-${index}`, bob);
  setMembership(dag, 'lost', bob, bob, 'leave', { after: ['bob-joins'] });
  const state = dag.stateAfter(['left']);
  const right = setTopic(dag, 'right', alice, { after: ['bob-joins'] });
  expect(difference(dag, state, [left], [right])).toEqual(['bob-joins']);
});

test('one fork differs from nothing', () => {
  const dag = publicRoom('12');
  const { ports, answer } = dag.sources([]);
  expect(runResolution(authDifference({ ...ports, forks: [[id('public')]] }), answer).size).toBe(0);
});

test('the rank of an event is above that of all its auth events', () => {
  expect(authRank([])).toBe(0);
  expect(authRank([0, 7, 3])).toBe(8);
});
