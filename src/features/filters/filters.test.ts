import { expect, test } from 'bun:test';
import { defineFilter, getFilter } from '#api/client/filter.ts';
import type { JsonObject } from '#protocol/json.ts';
import { forEachEngine, type TestEngine } from '#test/storage.ts';
import { createWorld, refusal } from '#test/world.ts';
import { profilesAndDirectory } from '../../../migrations/0005-profiles-and-directory.ts';
import { filtersFeature } from './index.ts';

async function setUp(engine: TestEngine) {
  const world = await createWorld(engine, { migrations: [profilesAndDirectory] });
  return { world, alice: world.user('alice'), bob: world.user('bob'), ...filtersFeature({ storage: world.storage }) };
}

const filter = { room: { timeline: { limit: 10 } }, 'org.example.more': [1] };

forEachEngine('filters', (engine) => {
  test('a filter is read back as it was given, further keys included', async () => {
    const { world, routes, filterById, alice } = await setUp(engine);
    const { userId } = alice;
    const { filter_id: filterId } = await world.call(routes, defineFilter, {
      as: alice,
      params: { userId },
      body: filter,
    });
    expect(filterId).toMatch(/^[^{]+$/);
    expect(await world.call(routes, getFilter, { as: alice, params: { userId, filterId } })).toEqual(filter);
    expect(await filterById(userId, filterId)).toEqual(filter);
    expect(await filterById(userId, filterId)).toBe((await filterById(userId, filterId))!);
  });

  test('equal filters of a user have one id, those of different users do not', async () => {
    const { world, routes, alice, bob } = await setUp(engine);
    const define = async (as: typeof alice, body: JsonObject) =>
      (await world.call(routes, defineFilter, { as, params: { userId: as.userId }, body })).filter_id;
    const ids = await Promise.all([define(alice, filter), define(alice, filter), define(alice, filter)]);
    expect(new Set(ids).size).toBe(1);
    expect(await define(alice, filter)).toBe(ids[0]!);
    expect(await define(alice, {})).not.toBe(ids[0]!);
    expect(await define(bob, filter)).not.toBe(ids[0]!);
  });

  test("nobody stores or reads another user's filter", async () => {
    const { world, routes, filterById, alice, bob } = await setUp(engine);
    const params = { userId: alice.userId };
    const { filter_id: filterId } = await world.call(routes, defineFilter, { as: alice, params, body: filter });
    for (const as of [bob, world.user('admin', { isAdmin: true })]) {
      expect(await refusal(world.call(routes, defineFilter, { as, params, body: {} }))).toBe('403 M_FORBIDDEN');
      expect(await refusal(world.call(routes, getFilter, { as, params: { ...params, filterId } }))).toBe(
        '403 M_FORBIDDEN',
      );
    }
    expect(await filterById(bob.userId, filterId)).toBeUndefined();
  });

  test('the filters of an account that is no more are gone, those of others are not', async () => {
    const { world, routes, alice, bob, accountDeactivated } = await setUp(engine);
    const define = async (as: typeof alice) =>
      (await world.call(routes, defineFilter, { as, params: { userId: as.userId }, body: filter })).filter_id;
    const [ofAlice, ofBob] = [await define(alice), await define(bob)];
    await world.storage.transactor.commit((batch) => accountDeactivated(batch, alice.userId));
    const read = (as: typeof alice, filterId: string) =>
      world.call(routes, getFilter, { as, params: { userId: as.userId, filterId } });
    expect(await refusal(read(alice, ofAlice))).toBe('404 M_NOT_FOUND');
    expect(await read(bob, ofBob)).toEqual(filter);
  });

  test('ids that name nothing are not found', async () => {
    const { world, routes, alice } = await setUp(engine);
    for (const filterId of ['1', '0', '-1', '1.5', 'x', '9'.repeat(40)]) {
      const params = { userId: alice.userId, filterId };
      expect(await refusal(world.call(routes, getFilter, { as: alice, params }))).toBe('404 M_NOT_FOUND');
    }
  });

  test('what is no filter is refused', async () => {
    const { world, routes, alice } = await setUp(engine);
    const define = (body: JsonObject) =>
      refusal(world.call(routes, defineFilter, { as: alice, params: { userId: alice.userId }, body }));
    expect(await define({ room: { timeline: { senders: ['bob'] } } })).toBe('400 M_BAD_JSON');
    expect(await define({ event_format: 'other' })).toBe('400 M_BAD_JSON');
    expect(await define({ 'org.example.big': 'x'.repeat(65_536) })).toBe('413 M_TOO_LARGE');
  });
});
