import { expect, test } from 'bun:test';
import {
  deleteAccountData,
  deleteAccountDataPerRoom,
  getAccountData,
  getAccountDataPerRoom,
  setAccountData,
  setAccountDataPerRoom,
} from '#api/client/account-data.ts';
import type { DeviceId, RoomId } from '#protocol/identifiers/index.ts';
import { forEachEngine, type TestEngine } from '#test/storage.ts';
import { createWorld, refusal } from '#test/world.ts';
import { profilesAndDirectory } from '../../../migrations/0005-profiles-and-directory.ts';
import { accountDataFeature } from './index.ts';

async function setUp(engine: TestEngine) {
  const world = await createWorld(engine, { migrations: [profilesAndDirectory] });
  const managed = { pushRules: async () => ({ global: {} }) };
  const slice = accountDataFeature({ reader: world.storage.reader, streams: world.streams, managed });
  return { world, ...slice, alice: world.user('alice'), bob: world.user('bob') };
}

const roomId = '!room:example.org' as RoomId;

forEachEngine('account data', (engine) => {
  test('what is written is read back, for the account and for a room, each on its own', async () => {
    const { world, routes, alice } = await setUp(engine);
    const global = { userId: alice.userId, type: 'test.key' };
    const ofRoom = { ...global, roomId };
    await world.call(routes, setAccountData, { as: alice, params: global, body: { value: 'first' } });
    expect(await refusal(world.call(routes, getAccountDataPerRoom, { as: alice, params: ofRoom }))).toBe(
      '404 M_NOT_FOUND',
    );
    await world.call(routes, setAccountData, { as: alice, params: global, body: { value: 'second' } });
    await world.call(routes, setAccountDataPerRoom, { as: alice, params: ofRoom, body: { value: 'room' } });
    expect(await world.call(routes, getAccountData, { as: alice, params: global })).toEqual({ value: 'second' });
    expect(await world.call(routes, getAccountDataPerRoom, { as: alice, params: ofRoom })).toEqual({ value: 'room' });
  });

  test("nobody reads, writes or deletes another user's account data", async () => {
    const { world, routes, accountData, alice, bob } = await setUp(engine);
    const params = { userId: alice.userId, type: 'test.key' };
    const ofRoom = { ...params, roomId };
    await accountData.set(alice.userId, { type: 'test.key' }, { secret: true });
    await accountData.set(alice.userId, { type: 'test.key', roomId }, { secret: true });
    const admin = world.user('admin', { isAdmin: true });
    for (const as of [bob, admin]) {
      for (const attempt of [
        world.call(routes, getAccountData, { as, params }),
        world.call(routes, setAccountData, { as, params, body: {} }),
        world.call(routes, deleteAccountData, { as, params }),
        world.call(routes, getAccountDataPerRoom, { as, params: ofRoom }),
        world.call(routes, setAccountDataPerRoom, { as, params: ofRoom, body: {} }),
        world.call(routes, deleteAccountDataPerRoom, { as, params: ofRoom }),
      ]) {
        expect(await refusal(attempt)).toBe('403 M_FORBIDDEN');
      }
    }
    expect(await accountData.get(alice.userId, { type: 'test.key', roomId })).toEqual({ secret: true });
    expect(await refusal(world.call(routes, getAccountData, { params }))).toBe('401 M_MISSING_TOKEN');
  });

  test('what the server manages is read but not written', async () => {
    const { world, routes, accountData, alice } = await setUp(engine);
    for (const type of ['m.fully_read', 'm.push_rules']) {
      const params = { userId: alice.userId, type };
      for (const attempt of [
        world.call(routes, setAccountData, { as: alice, params, body: {} }),
        world.call(routes, setAccountDataPerRoom, { as: alice, params: { ...params, roomId }, body: {} }),
        world.call(routes, deleteAccountData, { as: alice, params }),
        world.call(routes, deleteAccountDataPerRoom, { as: alice, params: { ...params, roomId } }),
      ]) {
        expect(await refusal(attempt)).toBe('405 M_BAD_JSON');
      }
    }
    const userId = alice.userId;
    await world.streams.commit((batch) =>
      accountData.put(batch, userId, { type: 'm.fully_read', roomId }, { event_id: '$e' }),
    );
    expect(
      await world.call(routes, getAccountDataPerRoom, { as: alice, params: { userId, roomId, type: 'm.fully_read' } }),
    ).toEqual({ event_id: '$e' });
    expect(await world.call(routes, getAccountData, { as: alice, params: { userId, type: 'm.push_rules' } })).toEqual({
      global: {},
    });
  });

  test('empty content deletes: syncing devices learn of it, new ones see nothing', async () => {
    const { world, routes, accountData, alice } = await setUp(engine);
    const params = { userId: alice.userId, type: 'test.key' };
    const { userId } = alice;
    for (const erase of [
      () => world.call(routes, setAccountData, { as: alice, params, body: {} }),
      () => world.call(routes, deleteAccountData, { as: alice, params }),
    ]) {
      await accountData.set(userId, { type: 'test.key' }, { value: 1 });
      const since = world.streams.current();
      await erase();
      expect(await refusal(world.call(routes, getAccountData, { as: alice, params }))).toBe('404 M_NOT_FOUND');
      const { global } = await accountData.changesSince(userId, since, world.streams.current());
      expect(global).toEqual([{ type: 'test.key', text: '{"type":"test.key","content":{}}' }]);
      expect((await accountData.all(userId)).global).toEqual([]);
    }
  });

  test('changes are told once, by room, and to nobody else', async () => {
    const { world, accountData, alice, bob } = await setUp(engine);
    const start = world.streams.current();
    await accountData.set(alice.userId, { type: 'a' }, { n: 1 });
    const middle = world.streams.current();
    await accountData.set(alice.userId, { type: 'b', roomId }, { n: 2 });
    await accountData.set(alice.userId, { type: 'a' }, { n: 3 });
    const end = world.streams.current();
    const texts = async (since: number, upTo: number) => {
      const { global, rooms } = await accountData.changesSince(alice.userId, since, upTo);
      return { global: global.map(({ text }) => text), room: rooms.get(roomId)?.map(({ text }) => text) };
    };
    expect(await texts(start, end)).toEqual({
      global: ['{"type":"a","content":{"n":3}}'],
      room: ['{"type":"b","content":{"n":2}}'],
    });
    expect(await texts(middle, end - 1)).toEqual({ global: [], room: ['{"type":"b","content":{"n":2}}'] });
    expect(await texts(end, end)).toEqual({ global: [], room: undefined });
    expect((await accountData.changesSince(bob.userId, start, end)).global).toEqual([]);
    expect((await accountData.ofRoom(alice.userId, roomId)).map(({ type }) => type)).toEqual(['b']);
    expect((await accountData.all(alice.userId)).rooms.size).toBe(1);
  });

  test('a write wakes the devices of its user', async () => {
    const { world, accountData, alice } = await setUp(engine);
    const before = world.streams.current();
    const woken = world.streams.waitForUser(alice.userId, before, 60_000, new AbortController().signal);
    await accountData.set(alice.userId, { type: 'a' }, {});
    await woken;
    expect(world.streams.current()).toBeGreaterThan(before);
  });

  test('whom a user ignores is known at once, and never the user themselves', async () => {
    const { world, routes, accountData, alice, bob } = await setUp(engine);
    const params = { userId: alice.userId, type: 'm.ignored_user_list' };
    expect([...(await accountData.ignoredBy(alice.userId))]).toEqual([]);
    const body = { ignored_users: { [bob.userId]: {}, [alice.userId]: {} } };
    await world.call(routes, setAccountData, { as: alice, params, body });
    expect([...(await accountData.ignoredBy(alice.userId))]).toEqual([bob.userId]);
    expect((await accountData.ignoredBy(bob.userId)).size).toBe(0);
    await world.call(routes, setAccountData, { as: alice, params, body: { ignored_users: 'everybody' } });
    expect((await accountData.ignoredBy(alice.userId)).size).toBe(0);
    await world.call(routes, setAccountData, { as: alice, params, body });
    // A slice made anew has it from the database.
    const again = accountDataFeature({ reader: world.storage.reader, streams: world.streams }).accountData;
    expect([...(await again.ignoredBy(alice.userId))]).toEqual([bob.userId]);
  });

  test('updates at the same time do not lose each other', async () => {
    const { accountData, alice } = await setUp(engine);
    await Promise.all(
      ['a', 'b', 'c'].map((key) => accountData.update(alice.userId, { type: 't' }, (old) => ({ ...old, [key]: 1 }))),
    );
    expect(await accountData.get(alice.userId, { type: 't' })).toEqual({ a: 1, b: 1, c: 1 });
  });

  test('types and contents have limits', async () => {
    const { world, routes, alice } = await setUp(engine);
    const put = (type: string, body: { [key: string]: string }) =>
      refusal(world.call(routes, setAccountData, { as: alice, params: { userId: alice.userId, type }, body }));
    expect(await put('t'.repeat(256), {})).toBe('400 M_INVALID_PARAM');
    expect(await put('t'.repeat(255), {})).toBe('no refusal');
    expect(await put('big', { text: 'x'.repeat(1024 * 1024) })).toBe('413 M_TOO_LARGE');
    expect(await put('a\0b', {})).toBe('400 M_INVALID_PARAM');
  });

  test('the settings of a deleted device and the data of a deactivated account go', async () => {
    const { world, accountData, alice } = await setUp(engine);
    const { userId } = alice;
    const type = 'org.matrix.msc3890.local_notification_settings.PHONE';
    await accountData.set(userId, { type }, { is_silenced: true });
    await accountData.set(userId, { type: 'kept' }, { n: 1 });
    const since = world.streams.current();
    await world.streams.commit((batch) => accountData.devicesDeleted(batch, userId, ['PHONE' as DeviceId]));
    expect(await accountData.get(userId, { type })).toBeUndefined();
    const changes = await accountData.changesSince(userId, since, world.streams.current());
    expect(changes.global.map((event) => event.type)).toEqual([type]);
    await world.streams.commit((batch) => accountData.accountDeactivated(batch, userId));
    expect(await accountData.get(userId, { type: 'kept' })).toBeUndefined();
  });
});
