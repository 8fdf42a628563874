import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { EventId, UserId } from '../identifiers/index.ts';
import type { JsonObject } from '../json.ts';
import type { RoomVersion } from '../room-versions/index.ts';
import {
  authDifference,
  conflictedStateSubgraph,
  conflictsOf as conflictsOfForks,
  resolveState,
  runResolution,
  splitStateMapKey,
  stateMapKey,
  stateMapKeyOf,
} from './index.ts';
import { alice, bob, carol, type EventFields, eve, publicRoom, type State, type TestDag, zara } from './test-dag.ts';
import { Oracle } from './test-oracle.ts';

const USERS: readonly UserId[] = [alice, bob, carol, eve, zara];
const RUNS = 300;

/** One thing that one user tries at one place of the graph. */
const action = fc.record({
  kind: fc.constantFrom('join', 'leave', 'ban', 'kick', 'invite', 'levels', 'join rule', 'topic', 'topic', 'merge'),
  sender: fc.integer({ min: 0, max: 4 }),
  target: fc.integer({ min: 0, max: 4 }),
  /** Counted back from the newest event. */
  after: fc.integer({ min: 0, max: 6 }),
  also: fc.option(fc.integer({ min: 0, max: 12 })),
  level: fc.constantFrom(0, 50, 50, 100),
  ts: fc.integer({ min: 0, max: 5 }),
  depth: fc.option(fc.integer({ min: 0, max: 30 })),
});
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never;

/** A fork that claims another event at a key than it should, or none. */
const lie = fc.record({ fork: fc.nat(), key: fc.nat(), event: fc.option(fc.nat()) });

const scene = fc.record({
  actions: fc.array(action, { minLength: 6, maxLength: 30 }),
  heads: fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 2, maxLength: 4 }),
  lies: fc.array(lie, { maxLength: 3 }),
});
type Scene = typeof scene extends fc.Arbitrary<infer T> ? T : never;

function fieldsOf({ kind, sender: from, target: to, level, ts, depth }: Action, dag: TestDag): EventFields {
  const sender = USERS[from] as UserId;
  const target = USERS[to] as UserId;
  const member = (stateKey: UserId, membership: string): EventFields => ({
    type: 'm.room.member',
    sender,
    stateKey,
    ...claims,
    content: { membership },
  });
  const claims = { ts, ...(depth === null ? {} : { depth }) };
  switch (kind) {
    case 'join':
    case 'leave':
      return member(sender, kind);
    case 'ban':
    case 'invite':
      return member(target, kind);
    case 'kick':
      return member(target, 'leave');
    case 'levels': {
      const before = dag.stateAfter([newest(dag, 0)]).get(stateMapKey('m.room.power_levels', ''));
      const users = before === undefined ? {} : (dag.event(before).content.users as JsonObject);
      return {
        type: 'm.room.power_levels',
        sender,
        stateKey: '',
        ...claims,
        content: { users: withLevel(users, target, level, dag) },
      };
    }
    case 'join rule':
      return {
        type: 'm.room.join_rules',
        sender,
        stateKey: '',
        ...claims,
        content: { join_rule: level === 0 ? 'public' : 'invite' },
      };
    default:
      return { type: 'm.room.topic', sender, stateKey: '', ...claims };
  }
}

function withLevel(users: JsonObject, target: UserId, level: number, dag: TestDag): JsonObject {
  return dag.rules.privilegedCreators && target === alice ? users : { ...users, [target]: level };
}

function newest(dag: TestDag, back: number): EventId {
  const ids = [...dag.nodes.keys()];
  return ids[Math.max(0, ids.length - 1 - back)] as EventId;
}

/** A room in which the auth rules allowed every event where it was sent, and the states of some forks of it. */
function play(version: RoomVersion, { actions, heads, lies }: Scene): { dag: TestDag; forks: State[] } {
  const dag = publicRoom(version);
  for (const [index, act] of actions.entries()) {
    const after = [...new Set([newest(dag, act.after), ...(act.also === null ? [] : [newest(dag, act.also)])])];
    const fields = act.kind === 'merge' ? { type: 'm.room.message', sender: alice } : fieldsOf(act, dag);
    dag.addIfAllowed(`e${index}`, { ...fields, after });
  }
  const forks = heads.map((back) => new Map(dag.stateAfter([newest(dag, back)])));
  for (const { fork, key, event } of lies) tell(dag, forks[fork % forks.length] as Map<never, EventId>, key, event);
  return { dag, forks };
}

function tell(dag: TestDag, fork: Map<never, EventId>, keyIndex: number, eventIndex: number | null): void {
  const keys = [...fork.keys()];
  const key = keys[keyIndex % keys.length] as never;
  const [type] = splitStateMapKey(key);
  if (type === 'm.room.create') return;
  const candidates = [...dag.nodes.values()].filter(
    (event) => event.stateKey !== undefined && stateMapKeyOf(event) === key,
  );
  if (eventIndex === null) fork.delete(key);
  else fork.set(key, (candidates[eventIndex % candidates.length] as { eventId: EventId }).eventId);
}

type Conflicts = ReturnType<typeof conflictsOf>;
const conflictsOf = (forks: readonly State[]) => runResolution(conflictsOfForks(forks), () => undefined);

const byKey = (state: State) => [...state].sort(([a], [b]) => (a < b ? -1 : 1));
const sorted = (ids: Iterable<EventId>) => [...ids].sort();

function conflictedOf(forks: readonly State[]): Set<EventId> {
  return new Set([...conflictsOf(forks).values()].flat());
}

describe.each(['1', '2', '11', '12'] as const)('in room version %s', (version) => {
  const check = (property: (dag: TestDag, forks: State[]) => void, runs = RUNS) =>
    fc.assert(
      fc.property(scene, (given) => {
        const { dag, forks } = play(version, given);
        property(dag, forks);
      }),
      { numRuns: runs },
    );

  test('the resolved state is what the spec says word by word', () => {
    check((dag, forks) => {
      expect(byKey(dag.merge(forks))).toEqual(byKey(new Oracle(dag.nodes, dag.rules).resolve(forks)));
    });
  });

  test('the order of the forks and of what is in them does not matter', () => {
    check((dag, forks) => {
      const expected = byKey(dag.merge(forks));
      const turned = forks.toReversed().map((fork) => new Map([...fork].reverse()));
      expect(byKey(dag.merge(turned))).toEqual(expected);
      expect(byKey(dag.merge([...forks, forks[0] as State]))).toEqual(expected);
      expect(byKey(dag.merge(forks))).toEqual(expected);
    });
  });

  test('the order of conflicts and of the events at them does not matter', () => {
    check((dag, forks) => {
      const resolve = (conflicted: Conflicts) => {
        const { ports, answer } = dag.sources(forks);
        const difference = new Oracle(dag.nodes, dag.rules).authDifference(forks);
        const input = { ...ports, rules: dag.rules, conflicted, authDifference: difference };
        return [...runResolution(resolveState(input), answer)].sort();
      };
      const conflicted = conflictsOf(forks);
      const turned = new Map([...conflicted].reverse().map(([key, ids]) => [key, ids.toReversed()]));
      expect(resolve(turned)).toEqual(resolve(conflicted));
    });
  });

  test('a state resolved with itself is itself', () => {
    check((dag, forks) => {
      for (const fork of forks) expect(byKey(dag.merge([fork, fork]))).toEqual(byKey(fork));
    });
  });

  test('what all forks agree on stays', () => {
    check((dag, forks) => {
      const resolved = dag.resolve(forks);
      const conflicted = conflictsOf(forks);
      for (const [key, eventId] of forks[0] as State) {
        if (!conflicted.has(key)) expect([resolved.has(key), eventId]).toEqual([false, eventId]);
      }
    });
  });

  test('the auth difference is that of the whole auth chains', () => {
    check((dag, forks) => {
      const conflicted = conflictedOf(forks);
      const { ports, answer } = dag.sources(forks);
      const ofForks = forks.map((fork) => [...fork.values()].filter((eventId) => conflicted.has(eventId)));
      const difference = runResolution(authDifference({ ...ports, forks: ofForks }), answer);
      expect(sorted(difference)).toEqual(sorted(new Oracle(dag.nodes, dag.rules).authDifference(forks)));
    });
  });

  test('the conflicted subgraph is all that lies between two conflicted events', () => {
    check((dag, forks) => {
      const conflicted = conflictedOf(forks);
      const { ports, answer } = dag.sources(forks);
      const subgraph = runResolution(conflictedStateSubgraph(conflicted, ports.authGraph), answer);
      expect(sorted(subgraph)).toEqual(sorted(new Oracle(dag.nodes, dag.rules).conflictedStateSubgraph(conflicted)));
    });
  });

  if (version === '1') return;
  test('nothing but a power event is taken from somebody whom the resolved state bans', () => {
    check((dag, forks) => {
      const state = dag.merge(forks);
      for (const [key, eventId] of dag.resolve(forks)) {
        const event = eventId && dag.event(eventId);
        if (event?.type !== 'm.room.topic' || !conflictsOf(forks).has(key)) continue;
        const membership = state.get(stateMapKey('m.room.member', event.sender));
        expect(membership && dag.event(membership).content.membership).not.toBe('ban');
      }
    });
  });
});
