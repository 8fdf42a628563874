import { expect, test } from 'bun:test';
import { type AppserviceDirectory, type AppserviceIdentity, NO_APPSERVICES } from '#accounts/index.ts';
import { SERVER_NAME, testAccounts } from '#accounts/test-accounts.ts';
import type { Storage } from '#platform/storage/index.ts';
import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { forEachEngine } from '#test/storage.ts';
import { devicesFeature } from './index.ts';

const DEVICES = '/_matrix/client/v3/devices';
const DELETE_DEVICES = '/_matrix/client/v3/delete_devices';
const proof = (password: string, session?: string) => ({
  type: 'm.login.password',
  password,
  ...(session === undefined ? {} : { session }),
});

const bridge: AppserviceIdentity = {
  id: 'bridge',
  sender: `@bridge:${SERVER_NAME}` as UserId,
  isInterestedInUser: (userId) => userId.startsWith('@_irc_'),
  isRateLimited: false,
};
const appservices: AppserviceDirectory = {
  ...NO_APPSERVICES,
  byToken: (token) => (token === 'as_token' ? bridge : undefined),
};

async function setUp(storage: Storage, overrides: JsonObject = {}) {
  const world = testAccounts(storage, overrides, appservices);
  const { accounts } = world;
  const client = world.client(devicesFeature({ accounts }).routes);
  const alice = await world.user('alice', { password: 'secret', deviceId: 'FIRST' });
  const second = await accounts.sessions.start({
    userId: alice.userId,
    deviceId: 'SECOND' as DeviceId,
    deviceDisplayName: 'Laptop',
  });
  const isValid = async (token: string) => (await accounts.authenticator.peek(token)) !== undefined;
  return { ...world, client, alice, second: second.accessToken, isValid };
}

forEachEngine('devices', (engine) => {
  test('a user sees their devices and when they were last used', async () => {
    const { client, alice, clock } = await setUp(await engine.open());
    const { body } = await client('GET', DEVICES, { token: alice.token, ip: '10.0.0.9', userAgent: 'Element' });
    expect(body.devices).toEqual([
      { device_id: 'FIRST', last_seen_ip: '10.0.0.9', last_seen_ts: clock.now(), last_seen_user_agent: 'Element' },
      { device_id: 'SECOND', display_name: 'Laptop' },
    ]);
    expect((await client('GET', `${DEVICES}/SECOND`, { token: alice.token })).body).toEqual({
      device_id: 'SECOND',
      display_name: 'Laptop',
    });
    expect((await client('GET', `${DEVICES}/UNKNOWN`, { token: alice.token })).verdict).toBe('404 M_NOT_FOUND');
  });

  test('nobody reads, renames or deletes another user’s device', async () => {
    const { client, user, alice, second, isValid } = await setUp(await engine.open());
    const bob = await user('bob', { password: 'bobs', deviceId: 'BOBS' });
    expect((await client('GET', `${DEVICES}/SECOND`, { token: bob.token })).verdict).toBe('404 M_NOT_FOUND');
    const rename = await client('PUT', `${DEVICES}/SECOND`, { token: bob.token, body: { display_name: 'Mine' } });
    expect(rename.verdict).toBe('404 M_NOT_FOUND');
    expect(
      (await client('DELETE', `${DEVICES}/SECOND`, { token: bob.token, body: { auth: proof('bobs') } })).status,
    ).toBe(200);
    const body = { devices: ['FIRST', 'SECOND'], auth: proof('bobs') };
    expect((await client('POST', DELETE_DEVICES, { token: bob.token, body })).status).toBe(200);
    expect([await isValid(alice.token), await isValid(second)]).toEqual([true, true]);
    for (const [method, path] of [
      ['GET', DEVICES],
      ['GET', `${DEVICES}/FIRST`],
      ['DELETE', `${DEVICES}/FIRST`],
    ] as const) {
      expect((await client(method, path)).verdict).toBe('401 M_MISSING_TOKEN');
    }
  });

  test('devices are renamed within limits', async () => {
    const { client, alice } = await setUp(await engine.open());
    const put = (display_name: unknown, id = 'SECOND') =>
      client('PUT', `${DEVICES}/${id}`, { token: alice.token, body: { display_name } });
    const name = async () => (await client('GET', `${DEVICES}/SECOND`, { token: alice.token })).body.display_name;
    expect((await put('Work')).status).toBe(200);
    expect(await name()).toBe('Work');
    expect((await client('PUT', `${DEVICES}/SECOND`, { token: alice.token, body: {} })).status).toBe(200);
    expect(await name()).toBe('Work');
    expect((await put(null)).status).toBe(200);
    expect(await name()).toBeUndefined();
    expect((await put('x'.repeat(101))).verdict).toBe('400 M_TOO_LARGE');
    expect((await put(5)).verdict).toBe('400 M_BAD_JSON');
    expect((await put('Work', 'UNKNOWN')).verdict).toBe('404 M_NOT_FOUND');
  });

  test('a device goes with its tokens after the user’s proof', async () => {
    const { client, alice, second, isValid } = await setUp(await engine.open());
    const remove = (body?: unknown) => client('DELETE', `${DEVICES}/SECOND`, { token: alice.token, body });
    const asked = await remove();
    expect(asked.status).toBe(401);
    expect(asked.body).toEqual({
      session: expect.any(String),
      flows: [{ stages: ['m.login.password'] }],
      params: {},
      completed: [],
    });
    const wrong = await remove({ auth: proof('wrong', asked.body.session) });
    expect(wrong.verdict).toBe('401 M_FORBIDDEN');
    expect(wrong.body.session).toBe(asked.body.session);
    expect(await isValid(second)).toBe(true);
    expect((await remove({ auth: proof('secret', asked.body.session) })).status).toBe(200);
    expect(await isValid(second)).toBe(false);
    expect((await client('GET', `${DEVICES}/SECOND`, { token: alice.token })).status).toBe(404);
  });

  test('the password does not do under another’s name or address', async () => {
    const { client, alice, second, isValid } = await setUp(await engine.open());
    const remove = async (named: JsonObject) =>
      (
        await client('DELETE', `${DEVICES}/SECOND`, {
          token: alice.token,
          body: { auth: { ...proof('secret'), ...named } },
        })
      ).verdict;
    const email = { medium: 'email', address: 'bob@example.org' };
    expect(await remove({ identifier: { type: 'm.id.thirdparty', ...email } })).toBe('401 M_FORBIDDEN');
    expect(await remove({ identifier: { type: 'm.id.user', user: 'bob' } })).toBe('403 M_FORBIDDEN');
    expect(await remove(email)).toBe('401 M_FORBIDDEN');
    expect(await remove({ user: 'bob' })).toBe('403 M_FORBIDDEN');
    expect(await isValid(second)).toBe(true);
    expect(await remove({ user: alice.userId })).toBe('200');
  });

  test('a session for one device does not delete another', async () => {
    const { client, alice, isValid } = await setUp(await engine.open());
    const asked = await client('DELETE', `${DEVICES}/SECOND`, { token: alice.token });
    const auth = proof('secret', asked.body.session);
    expect((await client('DELETE', `${DEVICES}/FIRST`, { token: alice.token, body: { auth } })).verdict).toBe(
      '403 M_UNKNOWN',
    );
    expect(await isValid(alice.token)).toBe(true);
  });

  test('several devices go at once, in one session under any of its paths', async () => {
    const { client, alice, second, isValid } = await setUp(await engine.open());
    const devices = ['SECOND', 'UNKNOWN'];
    const asked = await client('POST', DELETE_DEVICES, { token: alice.token, body: { devices } });
    const auth = proof('secret', asked.body.session);
    const r0 = DELETE_DEVICES.replace('v3', 'r0');
    expect(
      (await client('POST', r0, { token: alice.token, body: { devices: devices.toReversed(), auth } })).status,
    ).toBe(200);
    expect([await isValid(alice.token), await isValid(second)]).toEqual([true, false]);
    expect((await client('POST', DELETE_DEVICES, { token: alice.token, body: {} })).verdict).toBe(
      '400 M_MISSING_PARAM',
    );
  });

  test('a recent proof is enough where that is configured, for a while', async () => {
    const { client, alice, clock } = await setUp(await engine.open(), { ui_auth: { session_timeout: '1m' } });
    const remove = (id: string, body?: unknown) => client('DELETE', `${DEVICES}/${id}`, { token: alice.token, body });
    await clock.advance(60_000);
    expect((await remove('SECOND')).status).toBe(401);
    expect((await remove('SECOND', { auth: proof('secret') })).status).toBe(200);
    expect((await remove('THIRD')).status).toBe(200);
    await clock.advance(60_000);
    expect((await remove('THIRD')).status).toBe(401);
  });

  test('an appservice makes and deletes its users’ devices without a proof, and nobody else’s', async () => {
    const { client, user, alice, accounts } = await setUp(await engine.open());
    const irc = await user('_irc_bob');
    const as = (method: string, path: string, userId: string, body?: unknown) =>
      client(method, `${path}?user_id=${userId}`, { token: 'as_token', body });
    expect((await as('PUT', `${DEVICES}/BRIDGED`, irc.userId, { display_name: 'Bridge' })).status).toBe(201);
    expect((await as('PUT', `${DEVICES}/BRIDGED`, irc.userId, { display_name: 'New' })).status).toBe(200);
    expect((await accounts.devices.find(irc.userId, 'BRIDGED' as DeviceId))?.displayName).toBe('New');
    expect((await as('DELETE', `${DEVICES}/BRIDGED`, irc.userId)).status).toBe(200);
    expect(await accounts.devices.find(irc.userId, 'BRIDGED' as DeviceId)).toBeUndefined();
    expect((await as('DELETE', `${DEVICES}/FIRST`, alice.userId)).verdict).toBe('403 M_FORBIDDEN');
  });

  test('guests may list and rename their device, not delete it', async () => {
    const { client, user } = await setUp(await engine.open());
    const guest = await user('123', { isGuest: true, deviceId: 'GUEST' });
    expect((await client('GET', DEVICES, { token: guest.token })).status).toBe(200);
    expect((await client('PUT', `${DEVICES}/GUEST`, { token: guest.token, body: { display_name: 'Me' } })).status).toBe(
      200,
    );
    expect((await client('DELETE', `${DEVICES}/GUEST`, { token: guest.token })).verdict).toBe(
      '403 M_GUEST_ACCESS_FORBIDDEN',
    );
  });
});
