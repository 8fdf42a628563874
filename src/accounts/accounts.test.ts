import { expect, test } from 'bun:test';
import { deactivateAccount } from '#api/client/account-deactivation.ts';
import { getAdminLockUser } from '#api/client/admin.ts';
import { createRoom } from '#api/client/create-room.ts';
import { logout } from '#api/client/logout.ts';
import { getTokenOwner } from '#api/client/whoami.ts';
import { route } from '#api/endpoint.ts';
import { MatrixError } from '#protocol/errors.ts';
import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';
import { forEachEngine } from '#test/storage.ts';
import type { AppserviceDirectory, AppserviceIdentity } from './appservices.ts';
import { SERVER_NAME, testAccounts } from './test-accounts.ts';

const whoami = route(getTokenOwner, ({ requester }) => ({
  user_id: requester.userId,
  ...(requester.deviceId === undefined ? {} : { device_id: requester.deviceId }),
}));
const WHOAMI = '/_matrix/client/v3/account/whoami';
const device = (id: string) => id as DeviceId;

async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'no refusal';
  } catch (error) {
    if (error instanceof MatrixError) return `${error.status} ${error.errcode}`;
    throw error;
  }
}

const bridge: AppserviceIdentity = {
  id: 'bridge',
  sender: `@bridge:${SERVER_NAME}` as UserId,
  isInterestedInUser: (userId) => userId.startsWith('@_irc_') || userId.startsWith('@bridge:'),
  isRateLimited: false,
};
const appservices: AppserviceDirectory = {
  byToken: (token) => (token === 'as_token' ? bridge : undefined),
  byId: (id) => (id === 'bridge' ? bridge : undefined),
  exclusiveOwner: (userId) => (userId.startsWith('@_irc_') ? bridge : undefined),
};

forEachEngine('accounts', (engine) => {
  test('a token leads to its user and device', async () => {
    const world = testAccounts(await engine.open());
    const alice = await world.user('alice', { deviceId: 'PHONE' });
    const client = world.client([whoami]);
    const answer = await client('GET', WHOAMI, { token: alice.token });
    expect(answer.body).toEqual({ user_id: alice.userId, device_id: 'PHONE' });
    expect((await client('GET', WHOAMI)).verdict).toBe('401 M_MISSING_TOKEN');
    expect((await client('GET', WHOAMI, { token: 'unknown' })).verdict).toBe('401 M_UNKNOWN_TOKEN');
    expect((await client('GET', WHOAMI, { token: `${alice.token.slice(0, -1)}!` })).verdict).toBe(
      '401 M_UNKNOWN_TOKEN',
    );
  });

  test('tokens are not in the database, only their hashes', async () => {
    const storage = await engine.open();
    const world = testAccounts(storage);
    const { accessToken, refreshToken } = await world
      .user('alice')
      .then(({ userId }) => world.accounts.sessions.start({ userId, refreshable: true }));
    for (const table of ['access_tokens', 'refresh_tokens', 'sessions', 'devices', 'users']) {
      const rows = await storage.reader.all({ sql: `select * from ${table}`, parameters: [] });
      expect(JSON.stringify(rows)).not.toContain(accessToken);
      expect(JSON.stringify(rows)).not.toContain(String(refreshToken));
    }
  });

  test('a session that ends ends at once, though its token was in memory', async () => {
    const world = testAccounts(await engine.open());
    const alice = await world.user('alice', { deviceId: 'PHONE' });
    const client = world.client([whoami]);
    expect((await client('GET', WHOAMI, { token: alice.token })).status).toBe(200);
    await world.accounts.devices.delete(alice.userId, [device('PHONE')]);
    expect((await client('GET', WHOAMI, { token: alice.token })).verdict).toBe('401 M_UNKNOWN_TOKEN');
  });

  test('logging in with a device’s id ends the device’s older session and keeps its name', async () => {
    const world = testAccounts(await engine.open());
    const { accounts } = world;
    const { userId } = await world.user('alice');
    const first = await accounts.sessions.start({ userId, deviceId: device('PHONE'), deviceDisplayName: 'Phone' });
    const second = await accounts.sessions.start({ userId, deviceId: device('PHONE'), deviceDisplayName: 'Other' });
    const client = world.client([whoami]);
    expect((await client('GET', WHOAMI, { token: first.accessToken })).verdict).toBe('401 M_UNKNOWN_TOKEN');
    expect((await client('GET', WHOAMI, { token: second.accessToken })).status).toBe(200);
    expect((await accounts.devices.find(userId, device('PHONE')))?.displayName).toBe('Phone');
  });

  test('an expired token says that the session can go on', async () => {
    const world = testAccounts(await engine.open(), { nonrefreshable_access_token_lifetime: '1h' });
    const alice = await world.user('alice');
    const client = world.client([whoami]);
    expect((await client('GET', WHOAMI, { token: alice.token })).status).toBe(200);
    await world.clock.advance(3_600_000);
    const answer = await client('GET', WHOAMI, { token: alice.token });
    expect(answer.verdict).toBe('401 M_UNKNOWN_TOKEN');
    expect(answer.body.soft_logout).toBe(true);
  });

  test('a refresh token stays valid until the access token that it gave is used', async () => {
    const world = testAccounts(await engine.open());
    const { sessions } = world.accounts;
    const { userId } = await world.user('alice');
    const login = await sessions.start({ userId, refreshable: true });
    expect(login.expiresInMs).toBe(300_000);
    const lost = await sessions.refresh(String(login.refreshToken));
    const again = await sessions.refresh(String(login.refreshToken));
    const client = world.client([whoami]);
    expect((await client('GET', WHOAMI, { token: lost.accessToken })).verdict).toBe('401 M_UNKNOWN_TOKEN');
    expect((await client('GET', WHOAMI, { token: again.accessToken })).status).toBe(200);
    expect(await refusal(sessions.refresh(String(login.refreshToken)))).toBe('401 M_UNKNOWN_TOKEN');
    expect((await sessions.refresh(again.refreshToken)).expiresInMs).toBe(300_000);
  });

  test('using a new refresh token voids the old one too', async () => {
    const world = testAccounts(await engine.open());
    const { sessions } = world.accounts;
    const { userId } = await world.user('alice');
    const login = await sessions.start({ userId, refreshable: true });
    const second = await sessions.refresh(String(login.refreshToken));
    await sessions.refresh(second.refreshToken);
    expect(await refusal(sessions.refresh(String(login.refreshToken)))).toBe('401 M_UNKNOWN_TOKEN');
  });

  test('an expired access token can still be refreshed, a session past its end cannot', async () => {
    const world = testAccounts(await engine.open(), {
      session_lifetime: '1d',
      refreshable_access_token_lifetime: '5m',
    });
    const { sessions } = world.accounts;
    const { userId } = await world.user('alice');
    const login = await sessions.start({ userId, refreshable: true });
    await world.clock.advance(600_000);
    const client = world.client([whoami]);
    expect((await client('GET', WHOAMI, { token: login.accessToken })).body.soft_logout).toBe(true);
    const fresh = await sessions.refresh(String(login.refreshToken));
    expect((await client('GET', WHOAMI, { token: fresh.accessToken })).status).toBe(200);
    await world.clock.advance(86_400_000);
    expect(await refusal(sessions.refresh(fresh.refreshToken))).toBe('401 M_UNKNOWN_TOKEN');
  });

  test('a refreshed session keeps its id, device and one access token in use', async () => {
    const storage = await engine.open();
    const world = testAccounts(storage);
    const { sessions, authenticator } = world.accounts;
    const { userId } = await world.user('alice');
    let tokens: { accessToken: string; refreshToken?: string | undefined } = await sessions.start({
      userId,
      refreshable: true,
    });
    const before = await authenticator.peek(tokens.accessToken);
    for (let round = 0; round < 5; round++) {
      tokens = await sessions.refresh(String(tokens.refreshToken));
      const requester = await authenticator.peek(tokens.accessToken);
      expect(requester?.tokenId).toBe(before?.tokenId);
      expect(requester?.deviceId).toBe(before?.deviceId);
      await world.clock.advance(400_000);
    }
    const count = {
      sql: 'select count(*) as n from access_tokens where session_id = ?',
      parameters: [Number(before?.tokenId)],
    };
    expect(Number((await storage.reader.first<{ n: number }>(count))?.n)).toBeLessThanOrEqual(2);
  });

  test('a locked account may only log out, and goes on when it is unlocked', async () => {
    const world = testAccounts(await engine.open());
    const alice = await world.user('alice');
    const client = world.client([whoami, route(logout, () => ({}))]);
    expect((await client('GET', WHOAMI, { token: alice.token })).status).toBe(200);
    await world.accounts.lifecycle.setFlags(alice.userId, { isLocked: true });
    const answer = await client('GET', WHOAMI, { token: alice.token });
    expect(answer.verdict).toBe('401 M_USER_LOCKED');
    expect(answer.body.soft_logout).toBe(true);
    expect(await refusal(world.accounts.sessions.start({ userId: alice.userId }))).toBe('401 M_USER_LOCKED');
    expect((await client('POST', '/_matrix/client/v3/logout', { token: alice.token })).status).toBe(200);
    await world.accounts.lifecycle.setFlags(alice.userId, { isLocked: false });
    expect((await client('GET', WHOAMI, { token: alice.token })).status).toBe(200);
  });

  test('suspended accounts, guests and ordinary users are refused what is not theirs', async () => {
    const world = testAccounts(await engine.open());
    const alice = await world.user('alice');
    const guest = await world.user('123', { isGuest: true });
    const admin = await world.user('admin', { isAdmin: true });
    const client = world.client([
      whoami,
      route(createRoom, () => ({ room_id: '!a:example.org' as never })),
      route(getAdminLockUser, () => ({ locked: false })),
    ]);
    const create = (token: string) => client('POST', '/_matrix/client/v3/createRoom', { token, body: {} });
    const lock = (token: string) => client('GET', `/_matrix/client/v1/admin/lock/${alice.userId}`, { token });
    expect((await create(alice.token)).status).toBe(200);
    await world.accounts.lifecycle.setFlags(alice.userId, { isSuspended: true });
    expect((await create(alice.token)).verdict).toBe('403 M_USER_SUSPENDED');
    expect((await client('GET', WHOAMI, { token: alice.token })).status).toBe(200);
    expect((await create(guest.token)).verdict).toBe('403 M_GUEST_ACCESS_FORBIDDEN');
    expect((await lock(alice.token)).verdict).toBe('403 M_FORBIDDEN');
    expect((await lock(admin.token)).status).toBe(200);
  });

  test('an appservice acts for its sender and for registered users of its namespace only', async () => {
    const world = testAccounts(await engine.open(), {}, appservices);
    const irc = await world.user('_irc_bob', { deviceId: 'BRIDGED' });
    const alice = await world.user('alice');
    const client = world.client([whoami]);
    const as = (query: string) => client('GET', `${WHOAMI}?${query}`, { token: 'as_token' });
    expect((await as('')).body).toEqual({ user_id: bridge.sender });
    expect((await as(`user_id=${irc.userId}`)).body).toEqual({ user_id: irc.userId });
    expect((await as(`user_id=${irc.userId}&device_id=BRIDGED`)).body.device_id).toBe('BRIDGED');
    expect((await as(`user_id=${irc.userId}&org.matrix.msc3202.device_id=BRIDGED`)).body.device_id).toBe('BRIDGED');
    expect((await as(`user_id=${irc.userId}&device_id=OTHER`)).verdict).toBe('400 M_UNKNOWN_DEVICE');
    expect((await as(`user_id=${alice.userId}`)).verdict).toBe('403 M_FORBIDDEN');
    expect((await as('user_id=@_irc_nobody:example.org')).verdict).toBe('403 M_FORBIDDEN');
    expect((await as('user_id=nonsense')).verdict).toBe('403 M_FORBIDDEN');
    // A user's own token names nobody else.
    const own = await client('GET', `${WHOAMI}?user_id=${irc.userId}`, { token: alice.token });
    expect(own.body.user_id).toBe(alice.userId);
    await world.accounts.lifecycle.deactivate(irc.userId, { erase: false });
    expect((await as(`user_id=${irc.userId}`)).verdict).toBe('403 M_USER_DEACTIVATED');
  });

  test('hooks see what is made, renamed, deleted and ended, in the same batch', async () => {
    const world = testAccounts(await engine.open());
    const { hooks, devices, sessions } = world.accounts;
    const seen: string[] = [];
    hooks.onAccountCreated.push(({ userId }) => void seen.push(`created ${userId}`));
    hooks.onDevicesChanged.push((userId, ids) => void seen.push(`changed ${userId} ${ids.join()}`));
    hooks.onDevicesDeleted.push((userId, ids) => void seen.push(`deleted ${userId} ${ids.join()}`));
    hooks.onSessionsEnded.push((_userId, ids) => void seen.push(`ended ${ids.length}`));
    const { userId } = await world.user('alice', { deviceId: 'A' });
    await sessions.start({ userId, deviceId: device('A') });
    await devices.rename(userId, device('A'), 'Phone');
    await devices.delete(userId, [device('A'), device('UNKNOWN')]);
    expect(seen).toEqual([
      `created ${userId}`,
      `changed ${userId} A`,
      'ended 1',
      `changed ${userId} A`,
      `deleted ${userId} A`,
      `changed ${userId} A`,
      'ended 1',
    ]);
  });

  test('what a hook cannot write is not done at all', async () => {
    const world = testAccounts(await engine.open());
    world.accounts.hooks.onAccountCreated.push((_account, batch) => {
      batch.add({ sql: 'delete from devices where user_id = ?', parameters: ['nobody'] }, 1);
    });
    expect(await refusal(world.user('alice'))).toBe('400 M_USER_IN_USE');
    expect(await world.accounts.users.find('@alice:example.org' as UserId)).toBeUndefined();
  });

  test('a device id that a cross-signing key has is not to be had', async () => {
    const world = testAccounts(await engine.open());
    const { userId } = await world.user('alice');
    world.accounts.hooks.isDeviceIdReserved.push(async (_userId, id) => id === 'MASTERKEY');
    const { sessions, devices } = world.accounts;
    expect(await refusal(sessions.start({ userId, deviceId: device('MASTERKEY') }))).toBe('403 M_FORBIDDEN');
    await devices.create(userId, device('DEHYDRATED'), undefined, true);
    expect(await refusal(sessions.start({ userId, deviceId: device('DEHYDRATED') }))).toBe('403 M_FORBIDDEN');
    expect(await refusal(sessions.start({ userId, deviceId: device('x'.repeat(513)) }))).toBe('400 M_INVALID_PARAM');
    expect(await refusal(sessions.start({ userId, deviceDisplayName: 'x'.repeat(101) }))).toBe('400 M_TOO_LARGE');
  });

  test('deactivation ends everything, keeps the name taken and takes the user out of rooms, also when that fails at first', async () => {
    const storage = await engine.open();
    const world = testAccounts(storage);
    const { hooks, lifecycle, users } = world.accounts;
    const alice = await world.user('alice', { password: 'secret', deviceId: 'PHONE' });
    const departed: string[] = [];
    let fails = true;
    hooks.onAccountDeactivated.push((userId, { erase }) => void departed.push(`in the batch ${userId} ${erase}`));
    hooks.onAccountDeparted.push(async (userId) => {
      if (fails) throw new Error('the room’s server is down');
      departed.push(`left ${userId}`);
    });
    await lifecycle.deactivate(alice.userId, { erase: true });
    const client = world.client([whoami]);
    expect((await client('GET', WHOAMI, { token: alice.token })).verdict).toBe('401 M_UNKNOWN_TOKEN');
    const account = await users.find(alice.userId);
    expect(account).toMatchObject({ isDeactivated: true, isErased: true });
    expect(account?.passwordHash).toBeUndefined();
    expect(await world.accounts.devices.idsOf(alice.userId)).toEqual([]);
    expect(await refusal(world.accounts.sessions.start({ userId: alice.userId }))).toBe('403 M_FORBIDDEN');
    expect(await refusal(lifecycle.create({ userId: alice.userId }))).toBe('400 M_USER_IN_USE');
    expect(departed).toEqual([`in the batch ${alice.userId} true`]);

    fails = false;
    await lifecycle.resumeDepartures();
    expect(departed).toContain(`left ${alice.userId}`);
    await lifecycle.resumeDepartures();
    expect(departed).toHaveLength(2);

    await lifecycle.reactivate(alice.userId, await world.accounts.passwords.hash('new'));
    expect((await world.accounts.sessions.start({ userId: alice.userId })).userId).toBe(alice.userId);
  });

  test('last use is in memory first, and written in one batch a minute', async () => {
    const storage = await engine.open();
    const world = testAccounts(storage);
    const { devices, activity } = world.accounts;
    const alice = await world.user('alice', { deviceId: 'PHONE' });
    const client = world.client([whoami]);
    await client('GET', WHOAMI, { token: alice.token, ip: '10.0.0.1' });
    await world.clock.advance(1000);
    activity.record(alice.userId, device('PHONE'), '10.0.0.2', 'Element\0\ud800');
    const now = world.clock.now();
    const stored = () =>
      storage.reader.first<{ last_seen_ts: number | null }>({
        sql: 'select last_seen_ts from devices',
        parameters: [],
      });
    expect((await stored())?.last_seen_ts).toBeNull();
    expect(await devices.find(alice.userId, device('PHONE'))).toMatchObject({
      lastSeenTs: now,
      lastSeenIp: '10.0.0.2',
    });
    await activity.flush();
    expect((await stored())?.last_seen_ts).toBe(now);
    expect((await devices.connectionsOf(alice.userId)).map((each) => each.ip)).toEqual(['10.0.0.2', '10.0.0.1']);
    await devices.delete(alice.userId, [device('PHONE')]);
    expect(await devices.connectionsOf(alice.userId)).toEqual([]);
  });

  test('what is known of use goes after four weeks, and unused devices where so configured', async () => {
    const world = testAccounts(await engine.open(), { delete_stale_devices_after: '30d' });
    const { accounts, clock } = world;
    const alice = await world.user('alice', { deviceId: 'OLD' });
    await world.client([whoami])('GET', WHOAMI, { token: alice.token });
    await accounts.activity.flush();
    await clock.advance(29 * 86_400_000);
    await accounts.sweep();
    expect(await accounts.devices.connectionsOf(alice.userId)).toEqual([]);
    expect(await accounts.devices.idsOf(alice.userId)).toEqual([device('OLD')]);
    await clock.advance(2 * 86_400_000);
    await accounts.sweep();
    expect(await accounts.devices.idsOf(alice.userId)).toEqual([]);
  });

  test('devices of several users are listed at once, hidden ones included, unknown users left out', async () => {
    const world = testAccounts(await engine.open());
    const alice = await world.user('alice', { deviceId: 'A' });
    await world.accounts.devices.create(alice.userId, device('HIDDEN'), 'dehydrated', true);
    const found = await world.accounts.devices.devicesOf([alice.userId, '@nobody:example.org' as UserId]);
    expect([...found.keys()]).toEqual([alice.userId]);
    expect(found.get(alice.userId)).toEqual(
      new Map([
        [device('A'), undefined],
        [device('HIDDEN'), 'dehydrated'],
      ]),
    );
    expect((await world.accounts.devices.ofUser(alice.userId)).map((each) => each.deviceId)).toEqual([device('A')]);
  });

  test('an administrator acts as a user without a device, until the session expires', async () => {
    const world = testAccounts(await engine.open());
    const alice = await world.user('alice', { deviceId: 'A' });
    const admin = await world.user('admin', { isAdmin: true });
    const token = await world.accounts.sessions.startPuppet(alice.userId, admin.userId, world.clock.now() + 1000);
    const client = world.client([whoami]);
    expect((await client('GET', WHOAMI, { token })).body).toEqual({ user_id: alice.userId });
    expect(world.accounts.activity.unwritten(alice.userId)).toEqual([]);
    await world.clock.advance(1000);
    expect((await client('GET', WHOAMI, { token })).verdict).toBe('401 M_UNKNOWN_TOKEN');
  });

  test('an optional token is checked where it is given', async () => {
    const world = testAccounts(await engine.open());
    const client = world.client([
      route(
        deactivateAccount,
        ({ requester }) => ({ id_server_unbind_result: requester ? 'success' : 'no-support' }) as const,
      ),
    ]);
    const path = '/_matrix/client/v3/account/deactivate';
    expect((await client('POST', path, { body: {} })).body.id_server_unbind_result).toBe('no-support');
    expect((await client('POST', path, { body: {}, token: 'wrong' })).verdict).toBe('401 M_UNKNOWN_TOKEN');
  });
});
