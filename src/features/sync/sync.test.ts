import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { sync } from '#api/client/sync.ts';
import type { Requester } from '#api/requester.ts';
import { CacheBudget } from '#platform/cache/index.ts';
import { systemClock } from '#platform/clock/index.ts';
import type { RoomId } from '#protocol/identifiers/index.ts';
import { RoomSummaries, StateDeltaStore } from '#rooms/index.ts';
import { forEachEngine, type TestEngine } from '#test/storage.ts';
import { createWorld, refusal, type World } from '#test/world.ts';
import { ChangeTracker, LazyMembers, SharedTimelines, syncFeature } from './index.ts';
import { NO_SOURCES } from './test-sources.ts';

interface Event {
  readonly type: string;
  readonly state_key?: string;
  readonly event_id: string;
  readonly sender: string;
  readonly content: Record<string, unknown>;
}
interface Room {
  readonly timeline: { readonly events: readonly Event[]; readonly limited: boolean; readonly prev_batch?: string };
  readonly state?: { readonly events: readonly Event[] };
  readonly state_after?: { readonly events: readonly Event[] };
  readonly summary?: Record<string, unknown>;
}
interface Answer {
  readonly next_batch: string;
  readonly rooms?: {
    readonly join?: Record<string, Room>;
    readonly leave?: Record<string, Room>;
    readonly invite?: Record<string, unknown>;
    readonly knock?: Record<string, unknown>;
  };
}

async function open(engine: TestEngine) {
  const world = await createWorld(engine);
  const tracker = new ChangeTracker(world.streams.current());
  const summaries = new RoomSummaries(world.storage.reader, new CacheBudget(100_000).cache('summaries', 1));
  world.hooks.push(tracker, summaries);
  const { routes } = syncFeature({
    streams: world.streams,
    clock: systemClock,
    sources: NO_SOURCES,
    stores: {
      ...world.rooms,
      deltas: new StateDeltaStore(world.storage.reader),
      lazyMembers: new LazyMembers(),
      relationsOf: async () => new Map(),
      summaries,
      sharedTimelines: new SharedTimelines(systemClock),
      tracker,
    },
  });
  const ask = async (as: Requester, query: Record<string, unknown> = {}): Promise<Answer> =>
    (await world.call(routes, sync, { as, query: query as never })) as unknown as Answer;
  return { world, ask };
}

const filterOf = (filter: unknown) => JSON.stringify(filter);

forEachEngine('sync', (engine) => {
  test('an initial sync has the state before the timeline and the newest events', async () => {
    const { world, ask } = await open(engine);
    const alice = world.user('alice');
    const roomId = await world.room(alice, { name: 'old' });
    for (let n = 0; n < 12; n++) await world.message(roomId, alice, `${n}`);
    const room = (await ask(alice)).rooms!.join![roomId]!;
    expect(room.timeline.events.map((event) => event.content.body)).toEqual(
      Array.from({ length: 10 }, (_, n) => `${n + 2}`),
    );
    expect(room.timeline.limited).toBe(true);
    expect(room.state!.events.map((event) => event.type)).toContain('m.room.name');
    expect(room.summary).toMatchObject({ 'm.joined_member_count': 1, 'm.invited_member_count': 0 });
  });

  test('an incremental sync tells what is new, and then nothing', async () => {
    const { world, ask } = await open(engine);
    const alice = world.user('alice');
    const roomId = await world.room(alice);
    const first = await ask(alice);
    const eventId = await world.message(roomId, alice);
    const second = await ask(alice, { since: first.next_batch });
    expect(second.rooms!.join![roomId]!.timeline.events.map((event) => event.event_id)).toEqual([eventId]);
    expect(second.rooms!.join![roomId]!.timeline.limited).toBe(false);
    expect((await ask(alice, { since: second.next_batch })).rooms).toBeUndefined();
    // The same token again gives the same again.
    expect((await ask(alice, { since: first.next_batch })).rooms!.join![roomId]!.timeline.events).toHaveLength(1);
  });

  test('a long poll ends with the event it waited for, and with nothing when the time is up', async () => {
    const { world, ask } = await open(engine);
    const [alice, bob] = [world.user('alice'), world.user('bob')];
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.join(roomId, bob);
    const { next_batch: since } = await ask(bob);
    const waiting = ask(bob, { since, timeout: 5000 });
    const eventId = await world.message(roomId, alice);
    expect((await waiting).rooms!.join![roomId]!.timeline.events.map((event) => event.event_id)).toEqual([eventId]);
  });

  test('somebody who was never in a room hears nothing of it; who has left hears nothing more', async () => {
    const { world, ask } = await open(engine);
    const [alice, bob, eve] = [world.user('alice'), world.user('bob'), world.user('eve')];
    const roomId = await world.room(alice, { joinRule: 'public' });
    expect((await ask(eve)).rooms).toBeUndefined();
    await world.join(roomId, bob);
    const { next_batch: joined } = await ask(bob);
    await world.membership(roomId, alice, bob, 'ban');
    const secret = await world.message(roomId, alice, 'after the ban');
    const answer = await ask(bob, { since: joined });
    expect(answer.rooms!.join).toBeUndefined();
    const left = answer.rooms!.leave![roomId]!;
    expect(left.timeline.events.map((event) => event.content.membership)).toEqual(['ban']);
    expect(JSON.stringify(await ask(bob))).not.toContain(secret);
    expect(JSON.stringify(await ask(bob, { filter: filterOf({ room: { include_leave: true } }) }))).not.toContain(
      secret,
    );
    expect((await ask(bob, { since: answer.next_batch })).rooms).toBeUndefined();
  });

  test('who rejects an invite learns nothing of the room but that', async () => {
    const { world, ask } = await open(engine);
    const [alice, bob] = [world.user('alice'), world.user('bob')];
    const roomId = await world.room(alice, { name: 'secret' });
    const { next_batch: before } = await ask(bob);
    await world.invite(roomId, alice, bob);
    await world.state(roomId, alice, 'm.room.topic', { topic: 'secret' });
    await world.leave(roomId, bob);
    const include = { filter: filterOf({ room: { include_leave: true } }) };
    for (const query of [{ since: before }, { since: before, full_state: true }, include]) {
      for (const use_state_after of [false, true]) {
        const left = (await ask(bob, { ...query, use_state_after })).rooms!.leave![roomId]!;
        const told = [...(left.state ?? left.state_after!).events, ...left.timeline.events];
        expect(new Set(told.map((event) => `${event.type} ${event.content.membership}`))).toEqual(
          new Set(['m.room.member leave']),
        );
      }
    }
  });

  test('who is banned after leaving hears of the ban, and of nothing between', async () => {
    const { world, ask } = await open(engine);
    const [alice, bob] = [world.user('alice'), world.user('bob')];
    const roomId = await world.room(alice, { joinRule: 'public', name: 'open' });
    await world.join(roomId, bob);
    await world.leave(roomId, bob);
    const { next_batch: since } = await ask(bob);
    await world.state(roomId, alice, 'm.room.topic', { topic: 'secret' });
    await world.ban(roomId, alice, bob);
    const include = { filter: filterOf({ room: { include_leave: true } }) };
    for (const query of [{ since }, { since, full_state: true }, include]) {
      for (const use_state_after of [false, true]) {
        const left = (await ask(bob, { ...query, use_state_after })).rooms!.leave![roomId]!;
        const told = [...(left.state ?? left.state_after!).events, ...left.timeline.events];
        expect(told.map((event) => event.type)).not.toContain('m.room.topic');
        expect(told.filter((event) => event.state_key === bob.userId).at(-1)?.content.membership).toBe('ban');
      }
    }
    const whole = (await ask(bob, include)).rooms!.leave![roomId]!;
    expect([...whole.state!.events, ...whole.timeline.events].map((event) => event.type)).toContain('m.room.create');
  });

  test('an invite shows stripped state only, and joining gives the whole room', async () => {
    const { world, ask } = await open(engine);
    const [alice, bob] = [world.user('alice'), world.user('bob')];
    const roomId = await world.room(alice);
    const { next_batch: before } = await ask(bob);
    await world.invite(roomId, alice, bob);
    const invited = await ask(bob, { since: before });
    expect(invited.rooms!.invite![roomId]).toEqual({ invite_state: { events: [] } });
    expect(invited.rooms!.join).toBeUndefined();
    await world.join(roomId, bob);
    const joined = await ask(bob, { since: invited.next_batch });
    const room = joined.rooms!.join![roomId]!;
    const types = [...room.state!.events, ...room.timeline.events].map((event) => event.type);
    expect(types).toContain('m.room.create');
    expect(joined.rooms!.invite).toBeUndefined();
  });

  test('a gap brings the state changes inside it, once', async () => {
    const { world, ask } = await open(engine);
    const alice = world.user('alice');
    const roomId = await world.room(alice, { name: 'one' });
    const { next_batch: since } = await ask(alice);
    await world.state(roomId, alice, 'm.room.name', { name: 'two' });
    await world.state(roomId, alice, 'm.room.name', { name: 'three' });
    for (let n = 0; n < 5; n++) await world.message(roomId, alice);
    const filter = filterOf({ room: { timeline: { limit: 3 } } });
    const room = (await ask(alice, { since, filter })).rooms!.join![roomId]!;
    expect(room.timeline.limited).toBe(true);
    expect(room.state!.events.map((event) => event.content)).toEqual([{ name: 'three' }]);
    const after = (await ask(alice, { since, filter, use_state_after: true })).rooms!.join![roomId]!;
    expect(after.state_after!.events.map((event) => event.content)).toEqual([{ name: 'three' }]);
    expect(after.state).toBeUndefined();
  });

  test('lazy loading gives the members that speak, and does not repeat them', async () => {
    const { world, ask } = await open(engine);
    const alice = world.user('alice');
    const others = Array.from({ length: 12 }, (_, n) => world.user(`user${n}`));
    const roomId = await world.room(alice, { joinRule: 'public', name: 'big' });
    await world.join(roomId, ...others);
    for (let n = 0; n < 10; n++) await world.message(roomId, alice);
    const filter = filterOf({ room: { state: { lazy_load_members: true } } });
    const members = (room: Room) =>
      room.state!.events.filter((event) => event.type === 'm.room.member').map((event) => event.state_key!);
    const first = await ask(alice, { filter });
    expect(members(first.rooms!.join![roomId]!)).not.toContain('@user11:example.org');
    await world.message(roomId, others[11]!);
    const second = await ask(alice, { filter, since: first.next_batch });
    expect(members(second.rooms!.join![roomId]!)).toContain('@user11:example.org');
    await world.message(roomId, others[11]!);
    const third = await ask(alice, { filter, since: second.next_batch });
    expect(members(third.rooms!.join![roomId]!)).not.toContain('@user11:example.org');
    // The answer may have been lost: asked again from the old token, the member is there again.
    const again = await ask(alice, { filter, since: first.next_batch });
    expect(members(again.rooms!.join![roomId]!)).toContain('@user11:example.org');
  });

  test('lazy loading keeps no change of a member back that happened in a gap', async () => {
    const { world, ask } = await open(engine);
    const alice = world.user('alice');
    const others = Array.from({ length: 12 }, (_, n) => world.user(`user${n}`));
    const roomId = await world.room(alice, { joinRule: 'public', name: 'big' });
    await world.join(roomId, ...others.slice(0, 11));
    const filter = filterOf({ room: { timeline: { limit: 2 }, state: { lazy_load_members: true } } });
    const { next_batch: since } = await ask(alice, { filter });
    await world.join(roomId, others[11]!);
    await world.leave(roomId, others[10]!);
    for (let n = 0; n < 5; n++) await world.message(roomId, alice);
    const room = (await ask(alice, { filter, since })).rooms!.join![roomId]!;
    expect(room.timeline.limited).toBe(true);
    const changed = new Map(room.state!.events.map((event) => [event.state_key, event.content.membership]));
    expect(changed.get(others[11]!.userId)).toBe('join');
    expect(changed.get(others[10]!.userId)).toBe('leave');
    expect(changed.has(others[9]!.userId)).toBe(false);
  });

  test('a room that gets or loses its name is summed up anew', async () => {
    const { world, ask } = await open(engine);
    const [alice, bob] = [world.user('alice'), world.user('bob')];
    const roomId = await world.room(alice, { joinRule: 'public', name: 'named' });
    await world.join(roomId, bob);
    const { next_batch: since } = await ask(alice);
    await world.state(roomId, alice, 'm.room.name', { name: '' });
    const nameless = await ask(alice, { since });
    expect(nameless.rooms!.join![roomId]!.summary!['m.heroes']).toEqual([bob.userId]);
    await world.message(roomId, alice);
    expect((await ask(alice, { since: nameless.next_batch })).rooms!.join![roomId]!.summary).toBeUndefined();
  });

  test('a timeline of which the client wants nothing says where to page back from', async () => {
    const { world, ask } = await open(engine);
    const alice = world.user('alice');
    const roomId = await world.room(alice);
    for (const timeline of [{ types: ['none.such'] }, { types: [] }, { limit: 0 }]) {
      const room = (await ask(alice, { filter: filterOf({ room: { timeline } }) })).rooms!.join![roomId]!;
      expect(room.timeline.events).toEqual([]);
      expect(room.timeline.prev_batch).toMatch(/^t\d+_\d+$/);
    }
  });

  test('tokens that are none are refused, and one of the future is not believed', async () => {
    const { world, ask } = await open(engine);
    const alice = world.user('alice');
    const roomId = await world.room(alice);
    for (const since of ['x', 's', 's-1', 's1.5', '123', 't1_2', `s${'9'.repeat(30)}`]) {
      expect(await refusal(ask(alice, { since }))).toBe('400 M_INVALID_PARAM');
    }
    const future = await ask(alice, { since: 's999999999' });
    await world.message(roomId, alice);
    expect((await ask(alice, { since: future.next_batch })).rooms!.join![roomId]!.timeline.events).toHaveLength(1);
    expect(await refusal(ask(alice, { filter: '{' }))).toBe('400 M_NOT_JSON');
    expect(await refusal(ask(alice, { filter: '{"room":7}' }))).toBe('400 M_BAD_JSON');
    expect(await refusal(ask(alice, { filter: 'nobody-has-it' }))).toBe('400 M_INVALID_PARAM');
  });
});

type Step = {
  readonly kind: 'message' | 'topic' | 'join' | 'leave' | 'kick' | 'ban' | 'unban' | 'invite' | 'sync';
  readonly user: number;
  readonly room: number;
  readonly limit: number;
};

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom(
    'message',
    'message',
    'topic',
    'topic',
    'join',
    'leave',
    'kick',
    'ban',
    'unban',
    'invite',
    'sync',
    'sync',
  ),
  user: fc.nat(2),
  room: fc.nat(1),
  limit: fc.integer({ min: 1, max: 6 }),
});

/** What a client knows of its joined rooms after some answers. */
class Client {
  readonly rooms = new Map<string, { readonly state: Map<string, string>; readonly seen: string[] }>();
  since: string | undefined;

  apply(answer: Answer): void {
    this.since = answer.next_batch;
    for (const [roomId, room] of Object.entries(answer.rooms?.join ?? {})) {
      let known = this.rooms.get(roomId);
      if (known === undefined) {
        known = { state: new Map(), seen: [] };
        this.rooms.set(roomId, known);
      }
      for (const event of [...room.state!.events, ...room.timeline.events]) {
        if (event.state_key !== undefined) known.state.set(`${event.type} ${event.state_key}`, event.event_id);
      }
      known.seen.push(...room.timeline.events.map((event) => event.event_id));
    }
    for (const roomId of Object.keys(answer.rooms?.leave ?? {})) this.rooms.delete(roomId);
  }
}

async function walk(
  world: World,
  ask: (as: Requester, query?: Record<string, unknown>) => Promise<Answer>,
  steps: readonly Step[],
) {
  const users = ['alice', 'bob', 'carol'].map((name) => world.user(name));
  const rooms: RoomId[] = [];
  for (let n = 0; n < 2; n++) rooms.push(await world.room(users[0]!, { joinRule: 'public' }));
  const clients = users.map(() => new Client());
  for (const [n, { kind, user, room, limit }] of steps.entries()) {
    const [who, roomId, owner] = [users[user]!, rooms[room]!, users[0]!];
    const sync = async () =>
      clients[user]!.apply(
        await ask(who, {
          ...(clients[user]!.since === undefined ? {} : { since: clients[user]!.since }),
          filter: filterOf({ room: { timeline: { limit } } }),
        }),
      );
    const act: Record<Step['kind'], () => Promise<unknown>> = {
      message: () => world.message(roomId, who, `${n}`),
      topic: () => world.state(roomId, owner, 'm.room.topic', { topic: `${n}` }),
      join: () => world.join(roomId, who),
      leave: () => world.leave(roomId, who),
      kick: () => world.membership(roomId, owner, who, 'leave'),
      ban: () => world.ban(roomId, owner, who),
      unban: () => world.membership(roomId, owner, who, 'leave'),
      invite: () => world.invite(roomId, owner, who),
      sync,
    };
    // Half of what a random walk tries is not allowed; that is part of the walk.
    if (kind === 'sync') await sync();
    else await refusal(act[kind]());
  }
  return { users, clients };
}

describe('the union of deltas equals a fresh sync', () => {
  forEachEngine('random walks', (engine) => {
    test('in the rooms joined and in their state, and no event comes twice', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
          const { world, ask } = await open(engine);
          const { users, clients } = await walk(world, ask, steps);
          for (const [n, user] of users.entries()) {
            const client = clients[n]!;
            client.apply(await ask(user, client.since === undefined ? {} : { since: client.since }));
            const fresh = new Client();
            fresh.apply(await ask(user));
            expect([...client.rooms.keys()].toSorted()).toEqual([...fresh.rooms.keys()].toSorted());
            for (const [roomId, { state, seen }] of client.rooms) {
              expect([...state].toSorted()).toEqual([...fresh.rooms.get(roomId)!.state].toSorted());
              expect(new Set(seen).size).toBe(seen.length);
              expect(seen.slice(-1)).toEqual(fresh.rooms.get(roomId)!.seen.slice(-1));
            }
          }
          await world.storage[Symbol.asyncDispose]();
        }),
        { numRuns: engine.dialect === 'sqlite' ? 40 : 8 },
      );
    }, 120_000);
  });
});
