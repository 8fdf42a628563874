import { expect, test } from 'bun:test';
import { getMutualRooms } from '#api/client/mutual-rooms.ts';
import type { Requester } from '#api/requester.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { forEachEngine, type TestEngine } from '#test/storage.ts';
import { createWorld, refusal } from '#test/world.ts';
import { mutualRoomsFeature } from './index.ts';

async function setUp(engine: TestEngine) {
  const world = await createWorld(engine);
  const { routes } = mutualRoomsFeature({ reader: world.storage.reader });
  const ask = (as: Requester, userId: string, query: JsonObject = {}, path?: string) =>
    world.call(routes, getMutualRooms, {
      as,
      query: { ...query, user_id: userId as UserId },
      ...(path === undefined ? {} : { request: { path } }),
    });
  return { world, ask, routes, alice: world.user('alice'), bob: world.user('bob') };
}

forEachEngine('mutual rooms', (engine) => {
  test('are those that both are joined to', async () => {
    const { world, ask, alice, bob } = await setUp(engine);
    const carol = world.user('carol');
    const shared = await world.room(alice, { joinRule: 'public' });
    await world.join(shared, bob);
    const left = await world.room(alice, { joinRule: 'public' });
    await world.join(left, bob);
    await world.leave(left, bob);
    const banned = await world.room(alice, { joinRule: 'public' });
    await world.join(banned, bob);
    await world.ban(banned, alice, bob);
    const invited = await world.room(alice);
    await world.invite(invited, alice, bob);
    const notMine = await world.room(carol, { joinRule: 'public' });
    await world.join(notMine, bob);
    expect(await ask(alice, bob.userId)).toEqual({ joined: [shared], count: 1 });
    expect(await ask(bob, alice.userId)).toEqual({ joined: [shared], count: 1 });
    expect(await ask(alice, carol.userId)).toEqual({ joined: [], count: 0 });
    expect(await ask(alice, '@nobody:elsewhere.org')).toEqual({ joined: [], count: 0 });
  });

  test('come in pages', async () => {
    const { world, ask, alice, bob } = await setUp(engine);
    const rooms: string[] = [];
    for (let count = 0; count < 102; count++) {
      const roomId = await world.room(alice, { joinRule: 'public' });
      await world.join(roomId, bob);
      rooms.push(roomId);
    }
    const first = await ask(alice, bob.userId);
    expect(first).toEqual({ joined: rooms.slice(0, 100) as never, count: 102, next_batch: first.next_batch! });
    const rest = { joined: rooms.slice(100), count: 102 };
    expect(await ask(alice, bob.userId, { from: first.next_batch! })).toEqual(rest as never);
    const path = '/_matrix/client/unstable/uk.half-shot.msc2666/user/mutual_rooms';
    const draft = await ask(alice, bob.userId, {}, path);
    expect(await ask(alice, bob.userId, { batch_token: draft.next_batch_token! }, path)).toEqual(rest as never);
  });

  test('are not asked of oneself, of what is no user, or from a token that is none', async () => {
    const { world, ask, routes, alice, bob } = await setUp(engine);
    expect(await refusal(ask(alice, alice.userId))).toBe('400 M_INVALID_PARAM');
    expect(await refusal(ask(alice, 'bob'))).toBe('400 M_INVALID_PARAM');
    expect(await refusal(ask(alice, '@BOB:example.org'))).toBe('400 M_INVALID_PARAM');
    for (const from of ['', 'x', 'm', 'm-1', `m${'9'.repeat(30)}`]) {
      expect(await refusal(ask(alice, bob.userId, { from }))).toBe('400 M_INVALID_PARAM');
    }
    const query = { user_id: bob.userId };
    expect(await refusal(world.call(routes, getMutualRooms, { query }))).toBe('401 M_MISSING_TOKEN');
  });
});
