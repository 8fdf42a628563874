import { describe, expect, test } from 'bun:test';
import { type Resolution, resolveForks, type StateResolutionRequest, stateMapKey } from './index.ts';
import { alice, at, bob, join, publicRoom, setTopic, type TestDag } from './test-dag.ts';
import { LargeRoom } from './test-large-room.ts';

const now = () => performance.now();

describe.each(['1', '11', '12'] as const)('in room version %s', (version) => {
  test.each([0, 10, 300])('%d conflicts cost the same in a room of 400 and of 50,000 members', (conflicts) => {
    const small = new LargeRoom(version, 400, conflicts);
    const large = new LargeRoom(version, 50_000, conflicts);
    expect(small.resolve(now)).toEqual(large.resolve(now));
    expect(large.asked).toEqual(small.asked);
    expect(large.asked.load).toBeGreaterThan(conflicts * 2);
    expect(large.asked['load-citing'] > 0).toBe(version !== '1');
  });

  test('ten times the conflicts cost ten times as much at most', () => {
    const [hundred, thousand] = [100, 1000].map((conflicts) => new LargeRoom(version, 50_000, conflicts));
    hundred?.resolve(now);
    thousand?.resolve(now);
    for (const kind of ['load', 'load-auth-nodes', 'load-citing', 'look-up'] as const) {
      expect(thousand?.asked[kind]).toBeLessThanOrEqual((hundred?.asked[kind] ?? 0) * 10);
    }
  });

  test('a thousand conflicts are all resolved, with pauses', () => {
    const room = new LargeRoom(version, 50_000, 1000);
    const resolved = room.resolve(now);
    expect(resolved.size).toBe(1003);
    expect(at(resolved, 'm.room.member', '@late:one.test')).toBe('late');
    const names = [...resolved.values()].filter((eventId) => eventId?.startsWith('$name-'));
    expect(names.length).toBe(1000);
    // Nothing tells the two names of a member apart but the event id, or in v1 its hash.
    if (version !== '1') expect(names.every((eventId) => eventId?.startsWith('$name-right'))).toBe(true);
    expect(room.asked.pause).toBeGreaterThan(4);
  });
});

/** Bob has changed his name `length` times, each event citing the one before. */
function longChain(version: '11' | '12', length: number): TestDag {
  const dag = publicRoom(version);
  join(dag, bob);
  for (let index = 0; index < length; index++)
    join(dag, bob, `name-${index}`, { content: { displayname: `${index}` } });
  return dag;
}

function requestsOf<T>(resolution: Resolution<T>, answer: (request: StateResolutionRequest) => void) {
  const requests: StateResolutionRequest[] = [];
  for (;;) {
    const step = resolution.next();
    if (step.done) return { requests, value: step.value };
    requests.push(step.value);
    answer(step.value);
  }
}

describe.each([
  ['11', 10_000],
  ['12', 100_000],
] as const)('in room version %s', (version, length) => {
  test(`an auth chain of ${length} events between two conflicting ones is walked with pauses`, () => {
    const dag = longChain(version, length);
    const state = dag.stateAfter([`name-${length - 1}`]);
    const old = new Map(state).set(stateMapKey('m.room.member', bob), dag.event('bob-joins').eventId);
    const { ports, answer } = dag.sources([state, old]);
    const { requests, value } = requestsOf(resolveForks({ ...ports, rules: dag.rules, forks: [state, old] }), answer);
    expect(at(value, 'm.room.member', bob)).toBe(`name-${length - 1}`);
    expect(requests.filter(({ kind }) => kind === 'pause').length).toBeGreaterThan(length / 256);
  });

  test('a long chain that all forks share is not walked', () => {
    const dag = longChain(version, 2000);
    const [left, right] = [setTopic(dag, 'left', alice), setTopic(dag, 'right', alice, { after: ['name-1999'] })];
    const forks = [dag.stateAfter([left]), dag.stateAfter([right])];
    const sources = dag.sources(forks);
    const { value } = requestsOf(resolveForks({ ...sources.ports, rules: dag.rules, forks }), sources.answer);
    expect(at(value, 'm.room.topic')).toBe('right');
    expect(sources.events.size + sources.authGraph.size).toBeLessThan(20);
  });
});

test('a rank that is not below that of a citing event is a bug, and said to be', () => {
  const dag = publicRoom('11');
  const forks = ['left', 'right'].map((name) => dag.stateAfter([setTopic(dag, name, alice, { after: ['public'] })]));
  forks[0] = new Map(forks[0]).set(
    stateMapKey('m.room.name', ''),
    dag.add('name', { type: 'm.room.name', sender: alice, stateKey: '' }),
  );
  const wrong = { get: (eventId: string) => ({ ...dag.event(eventId), authRank: 7 }) };
  expect(() => dag.resolve(forks, { authGraph: wrong })).toThrow('authRank');
});
