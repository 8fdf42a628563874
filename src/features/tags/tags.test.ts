import { expect, test } from 'bun:test';
import { deleteRoomTag, getRoomTags, setRoomTag } from '#api/client/tags.ts';
import type { RoomId } from '#protocol/identifiers/index.ts';
import { accountDataIn } from '#test/slices.ts';
import { forEachEngine, type TestEngine } from '#test/storage.ts';
import { createWorld, refusal } from '#test/world.ts';
import { profilesAndDirectory } from '../../../migrations/0005-profiles-and-directory.ts';
import { tagsFeature } from './index.ts';

async function setUp(engine: TestEngine) {
  const world = await createWorld(engine, { migrations: [profilesAndDirectory] });
  const accountData = accountDataIn(world);
  const [alice, bob] = [world.user('alice'), world.user('bob')];
  const params = { userId: alice.userId, roomId: '!room:example.org' as RoomId };
  return { world, accountData, alice, bob, params, ...tagsFeature({ accountData }) };
}

forEachEngine('tags', (engine) => {
  test('are added, replaced, listed and removed, and synced as account data', async () => {
    const { world, accountData, routes, alice, params } = await setUp(engine);
    const as = alice;
    const list = async () => (await world.call(routes, getRoomTags, { as, params })).tags;
    expect(await list()).toEqual({});
    await world.call(routes, setRoomTag, { as, params: { ...params, tag: 'm.favourite' }, body: { order: 0.5 } });
    await world.call(routes, setRoomTag, { as, params: { ...params, tag: 'u.Work' }, body: {} });
    await world.call(routes, setRoomTag, { as, params: { ...params, tag: 'm.favourite' }, body: { order: 1 } });
    expect(await list()).toEqual({ 'm.favourite': { order: 1 }, 'u.Work': {} });
    await world.call(routes, deleteRoomTag, { as, params: { ...params, tag: 'm.favourite' } });
    const before = world.streams.current();
    await world.call(routes, deleteRoomTag, { as, params: { ...params, tag: 'unknown' } });
    expect(world.streams.current()).toBe(before);
    expect(await list()).toEqual({ 'u.Work': {} });
    expect((await accountData.ofRoom(alice.userId, params.roomId)).map(({ text }) => text)).toEqual([
      '{"type":"m.tag","content":{"tags":{"u.Work":{}}}}',
    ]);
    await world.call(routes, setRoomTag, { as, params: { ...params, tag: '__proto__' }, body: {} });
    expect(Object.keys(await list())).toEqual(['u.Work', '__proto__']);
  });

  test('are nobody else’s business', async () => {
    const { world, routes, bob, params } = await setUp(engine);
    for (const as of [bob, world.user('admin', { isAdmin: true })]) {
      for (const attempt of [
        world.call(routes, getRoomTags, { as, params }),
        world.call(routes, setRoomTag, { as, params: { ...params, tag: 'a' }, body: {} }),
        world.call(routes, deleteRoomTag, { as, params: { ...params, tag: 'a' } }),
      ]) {
        expect(await refusal(attempt)).toBe('403 M_FORBIDDEN');
      }
    }
  });

  test('have names of at most 255 bytes and an order from 0 to 1', async () => {
    const { world, routes, alice, params } = await setUp(engine);
    const put = (tag: string, body: { order?: number }) =>
      refusal(world.call(routes, setRoomTag, { as: alice, params: { ...params, tag }, body }));
    expect(await put('ä'.repeat(128), {})).toBe('400 M_INVALID_PARAM');
    expect(await put('ä'.repeat(127), {})).toBe('no refusal');
    expect(await put('a', { order: -0.1 })).toBe('400 M_INVALID_PARAM');
    expect(await put('a', { order: 1.1 })).toBe('400 M_INVALID_PARAM');
    expect(await put('a', { order: 0 })).toBe('no refusal');
  });

  test('survive account data of another form', async () => {
    const { world, accountData, routes, alice, params } = await setUp(engine);
    await accountData.set(alice.userId, { type: 'm.tag', roomId: params.roomId }, { tags: { a: 1, b: {} }, other: 1 });
    expect((await world.call(routes, getRoomTags, { as: alice, params })).tags).toEqual({ b: {} });
  });
});
