import { expect, test } from 'bun:test';
import { getPresence, setPresence } from '#api/client/presence.ts';
import type { Requester } from '#api/requester.ts';
import type { PresenceConfig } from '#platform/config/index.ts';
import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';
import { forEachEngine, type TestEngine } from '#test/storage.ts';
import { createWorld, eventually, refusal, SERVER_NAME } from '#test/world.ts';
import { notifications } from '../../../migrations/0008-notifications.ts';
import { presenceFeature } from './index.ts';

const CONFIG: PresenceConfig = {
  enabled: true,
  includeOfflineUsersOnSync: false,
  lastActiveGranularityMs: 60_000,
  syncOnlineTimeoutMs: 30_000,
  idleTimeoutMs: 300_000,
};

interface Content {
  readonly presence: string;
  readonly last_active_ago?: number;
  readonly currently_active?: boolean;
  readonly status_msg?: string;
}

async function setUp(engine: TestEngine, config: Partial<PresenceConfig> = {}, excludedRooms: string[] = []) {
  const world = await createWorld(engine, { migrations: [notifications] });
  const make = () =>
    presenceFeature({
      reader: world.storage.reader,
      transactor: world.storage.transactor,
      clock: world.clock,
      serverName: SERVER_NAME,
      rooms: world.rooms,
      config: { ...CONFIG, ...config },
      excludedRooms,
    });
  const slice = make();
  world.hooks.push(slice.hook);
  const [alice, bob, eve] = [world.user('alice'), world.user('bob'), world.user('eve')];
  const roomId = await world.room(alice, { joinRule: 'public' });
  await world.join(roomId, bob);
  const { presence } = slice;
  const put = (
    as: Requester | undefined,
    body: { presence: 'online' | 'offline' | 'unavailable'; status_msg?: string },
    of = as?.userId,
  ) => world.call(slice.routes, setPresence, { as, params: { userId: of! }, body });
  const get = async (as: Requester | undefined, of: Requester) =>
    (await world.call(slice.routes, getPresence, { as, params: { userId: of.userId } })) as Content;
  /** What `reader` is told since then, by user. */
  const told = async (reader: Requester, since: number | undefined, upTo = world.streams.current()) => {
    const events = await presence.watch.since(reader.userId, { since, upTo });
    return new Map(events.map(({ sender, contentText }) => [sender, JSON.parse(contentText) as Content]));
  };
  /** Waits for what is told in the background. */
  const heard = (reader: Requester, since: number, of: Requester, presenceIs: string) =>
    eventually(async () => {
      const content = (await told(reader, since)).get(of.userId);
      return content?.presence === presenceIs ? content : undefined;
    });
  return { world, presence, make, alice, bob, eve, roomId, put, get, told, heard };
}

forEachEngine('presence', (engine) => {
  test('is set, read back, and told to those who share a room', async () => {
    const { world, alice, bob, eve, put, get, told, heard } = await setUp(engine);
    expect(await get(bob, alice)).toEqual({ presence: 'offline' });
    await world.rooms.joined.of(bob.userId);
    const since = world.streams.current();
    const woken = world.streams.waitForUser(bob.userId, since, 60_000, new AbortController().signal);
    await put(alice, { presence: 'online', status_msg: 'Testing' });
    await woken;
    const content = { presence: 'online', last_active_ago: 0, currently_active: true, status_msg: 'Testing' };
    expect(await get(bob, alice)).toEqual(content);
    expect(await heard(bob, since, alice, 'online')).toEqual(content);
    expect([...(await told(alice, since)).keys()]).toEqual([alice.userId]);
    expect((await told(eve, since)).size).toBe(0);
    expect((await told(bob, world.streams.current())).size).toBe(0);
    expect((await told(bob, since, since)).size).toBe(0);
    expect([...(await told(bob, undefined)).keys()]).toEqual([alice.userId]);
    // A status that is not said again is gone.
    await world.clock.advance(1000);
    await put(alice, { presence: 'unavailable' });
    expect(await get(bob, alice)).toEqual({ presence: 'unavailable', last_active_ago: 1000 });
    await heard(bob, since, alice, 'unavailable');
  });

  test('nobody sets that of others, or reads that of strangers', async () => {
    const { world, alice, bob, eve, put, get } = await setUp(engine);
    expect(await refusal(put(bob, { presence: 'online' }, alice.userId))).toBe('403 M_FORBIDDEN');
    expect(await refusal(put(undefined, { presence: 'online' }, alice.userId))).toBe('401 M_MISSING_TOKEN');
    expect(await refusal(get(eve, alice))).toBe('403 M_FORBIDDEN');
    expect(await refusal(get(undefined, alice))).toBe('401 M_MISSING_TOKEN');
    expect(await refusal(get(eve, world.user('nobody')))).toBe('403 M_FORBIDDEN');
    expect(await get(eve, eve)).toEqual({ presence: 'offline' });
    expect(await refusal(put(alice, { presence: 'online', status_msg: 'x'.repeat(5000) }))).toBe('400 M_INVALID_PARAM');
  });

  test('whoever syncs is online, idle without doing anything, and offline when they stop', async () => {
    const { world, presence, alice, bob, roomId, get, heard } = await setUp(engine);
    let since = world.streams.current();
    presence.touch(alice.userId, alice.deviceId, 'online', 30_000);
    await heard(bob, since, alice, 'online');
    // Minute after minute of polling.
    for (let n = 0; n < 9; n++) {
      await world.clock.advance(30_000);
      presence.touch(alice.userId, alice.deviceId, 'online', 30_000);
    }
    expect(await get(bob, alice)).toEqual({ presence: 'online', last_active_ago: 270_000, currently_active: false });
    since = world.streams.current();
    await world.clock.advance(30_000);
    presence.touch(alice.userId, alice.deviceId, 'online', 30_000);
    await heard(bob, since, alice, 'unavailable');
    since = world.streams.current();
    await world.message(roomId, alice);
    await world.clock.advance(1000);
    await heard(bob, since, alice, 'online');
    since = world.streams.current();
    await world.clock.advance(58_999);
    expect((await get(bob, alice)).presence).toBe('online');
    await world.clock.advance(1);
    await heard(bob, since, alice, 'offline');
  });

  test('is that of the device which is the most present', async () => {
    const { presence, alice, bob, get } = await setUp(engine);
    const phone = 'PHONE' as DeviceId;
    const state = async () => (await get(bob, alice)).presence;
    presence.touch(alice.userId, alice.deviceId, 'unavailable');
    await eventually(async () => (await state()) === 'unavailable');
    presence.touch(alice.userId, phone, 'online');
    expect(await state()).toBe('online');
    presence.touch(alice.userId, phone, 'offline');
    expect(await state()).toBe('online');
    presence.touch(alice.userId, phone, 'unavailable');
    expect(await state()).toBe('unavailable');
    presence.active(alice.userId);
    expect(await state()).toBe('online');
  });

  test('changes are told at a bounded rate, the last one always', async () => {
    const { world, alice, bob, put, told, heard } = await setUp(engine);
    await put(alice, { presence: 'online' });
    await heard(bob, 0, alice, 'online');
    const since = world.streams.current();
    for (let n = 0; n < 10; n++) await put(alice, { presence: 'online', status_msg: `${n}` });
    expect((await told(bob, since)).size).toBe(0);
    await world.clock.advance(1000);
    const content = await heard(bob, since, alice, 'online');
    expect(content.status_msg).toBe('9');
    expect(world.streams.current()).toBe(since + 1);
  });

  test('whoever comes into a room sees who is there, and is seen', async () => {
    const { world, presence, alice, eve, roomId, told, heard } = await setUp(engine);
    for (const user of [alice, eve]) {
      await world.rooms.joined.of(user.userId);
      presence.touch(user.userId, user.deviceId, 'online');
      await heard(user, 0, user, 'online');
    }
    const since = world.streams.current();
    expect((await told(eve, undefined)).has(alice.userId)).toBe(false);
    await world.join(roomId, eve);
    expect((await told(eve, since)).get(alice.userId)?.presence).toBe('online');
    expect((await told(alice, since)).get(eve.userId)?.presence).toBe('online');
    await world.leave(roomId, eve);
    const left = world.streams.current();
    await world.clock.advance(120_000);
    await heard(alice, left, alice, 'offline');
    expect((await told(eve, left)).has(alice.userId)).toBe(false);
  });

  test('an excluded room tells nobody anything', async () => {
    const { world, presence, alice, bob, roomId, told, heard } = await setUp(engine, {}, []);
    presence.touch(alice.userId, alice.deviceId, 'online');
    await heard(bob, 0, alice, 'online');
    const other = presenceFeature({
      reader: world.storage.reader,
      transactor: world.storage.transactor,
      clock: world.clock,
      serverName: SERVER_NAME,
      rooms: world.rooms,
      config: CONFIG,
      excludedRooms: [roomId],
    }).presence;
    other.touch(alice.userId, alice.deviceId, 'online');
    await eventually(
      async () => (await other.watch.since(alice.userId, { since: 0, upTo: Number.MAX_SAFE_INTEGER })).length > 0,
    );
    expect(await other.watch.since(bob.userId, { since: undefined, upTo: Number.MAX_SAFE_INTEGER })).toEqual([]);
    expect((await told(bob, undefined)).size).toBe(1);
  });

  test('the last presence outlives a restart; whoever does not come back goes offline', async () => {
    const { world, presence, make, alice, bob, put, heard } = await setUp(engine);
    await put(alice, { presence: 'online', status_msg: 'here' });
    await put(bob, { presence: 'offline', status_msg: 'gone' });
    await heard(bob, 0, alice, 'online');
    await presence.stop();
    const again = make();
    await again.presence.start();
    const { routes } = again;
    const get = async (of: UserId) =>
      (await world.call(routes, getPresence, { as: alice, params: { userId: of } })) as Content;
    expect(await get(alice.userId)).toMatchObject({ presence: 'online', status_msg: 'here' });
    expect(await get(bob.userId)).toMatchObject({ presence: 'offline', status_msg: 'gone' });
    const since = world.streams.current();
    await world.clock.advance(60_000);
    const gone = await eventually(
      async () => (await again.presence.watch.since(bob.userId, { since, upTo: world.streams.current() }))[0],
    );
    expect(gone.sender).toBe(alice.userId);
    expect(JSON.parse(gone.contentText).presence).toBe('offline');
    again.presence.touch(bob.userId, bob.deviceId, 'online');
    await eventually(async () => (await get(bob.userId)).presence === 'online');
    expect((await get(bob.userId)).status_msg).toBe('gone');
  });

  test('what is stored is stored every so often, without a stop', async () => {
    const { world, alice, put, heard } = await setUp(engine);
    await put(alice, { presence: 'online' });
    await heard(alice, 0, alice, 'online');
    await world.clock.advance(29_000);
    await put(alice, { presence: 'unavailable' });
    await world.clock.advance(1000);
    const stored = await eventually(() =>
      world.storage.reader.first<{ presence: string }>({ sql: 'select presence from presence', parameters: [] }),
    );
    expect(stored.presence).toBe('unavailable');
  });

  test('can be switched off, or left untracked', async () => {
    const off = await setUp(engine, { enabled: false });
    off.presence.touch(off.alice.userId, off.alice.deviceId, 'online');
    await off.put(off.alice, { presence: 'online' });
    expect(await off.get(off.bob, off.alice)).toEqual({ presence: 'offline' });
    expect((await off.told(off.bob, undefined)).size).toBe(0);
    const untracked = await setUp(engine, { enabled: 'untracked' });
    untracked.presence.touch(untracked.bob.userId, untracked.bob.deviceId, 'online');
    await untracked.put(untracked.alice, { presence: 'online' });
    expect((await untracked.get(untracked.bob, untracked.alice)).presence).toBe('online');
    expect((await untracked.get(untracked.alice, untracked.bob)).presence).toBe('offline');
    expect((await untracked.told(untracked.bob, undefined)).size).toBe(0);
  });
});
