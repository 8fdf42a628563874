import { expect, test } from 'bun:test';
import { type AppserviceDirectory, type AppserviceIdentity, NO_APPSERVICES } from '#accounts/index.ts';
import { SERVER_NAME, testAccounts } from '#accounts/test-accounts.ts';
import type { Storage } from '#platform/storage/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { forEachEngine } from '#test/storage.ts';
import { type LoginFlow, loginFeature } from './index.ts';

const LOGIN = '/_matrix/client/v3/login';
const GET_TOKEN = '/_matrix/client/v1/login/get_token';
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

function setUp(storage: Storage, overrides: JsonObject = {}, furtherFlows: readonly LoginFlow[] = []) {
  const world = testAccounts(storage, overrides, appservices);
  const { accounts, config } = world;
  const feature = loginFeature({
    ...world,
    reader: storage.reader,
    appservices,
    config: {
      serverName: SERVER_NAME,
      password: config.password,
      loginViaExistingSession: config.sessions.loginViaExistingSession,
    },
    clientWellKnown: () => ({ 'm.homeserver': { base_url: 'https://example.org/' } }),
    furtherFlows: () => furtherFlows,
  });
  const client = world.client(feature.routes);
  const byPassword = (user: string, password: string, more: JsonObject = {}) =>
    client('POST', LOGIN, {
      body: { type: 'm.login.password', identifier: { type: 'm.id.user', user }, password, ...more },
    });
  const isValid = async (token: string) => (await accounts.authenticator.peek(token)) !== undefined;
  return { ...world, ...feature, client, byPassword, isValid };
}

forEachEngine('login', (engine) => {
  test('a user logs in by localpart, by user id, and in the wrong case where that is unambiguous', async () => {
    const { user, byPassword } = setUp(await engine.open());
    const alice = await user('alice', { password: 'secret' });
    for (const name of ['alice', alice.userId, 'ALICE', '@Alice:example.org']) {
      const answer = await byPassword(name, 'secret');
      expect([name, answer.verdict]).toEqual([name, '200']);
      expect(answer.body.user_id).toBe(alice.userId);
    }
    await user('Bob', { password: 'first' });
    await user('bob', { password: 'second' });
    expect((await byPassword('Bob', 'first')).body.user_id).toBe('@Bob:example.org');
    expect((await byPassword('bob', 'first')).verdict).toBe('403 M_FORBIDDEN');
    expect((await byPassword('BOB', 'first')).verdict).toBe('403 M_FORBIDDEN');
  });

  test('the answer has all that a client needs', async () => {
    const { user, byPassword } = setUp(await engine.open());
    await user('alice', { password: 'secret' });
    const { body } = await byPassword('alice', 'secret', { device_id: 'PHONE', initial_device_display_name: 'Phone' });
    expect(body).toEqual({
      user_id: '@alice:example.org',
      access_token: expect.any(String),
      device_id: 'PHONE',
      home_server: 'example.org',
      well_known: { 'm.homeserver': { base_url: 'https://example.org/' } },
    });
    const generated = (await byPassword('alice', 'secret')).body;
    expect(generated.device_id).toMatch(/^[A-Z]{10}$/);
    const refreshable = (await byPassword('alice', 'secret', { refresh_token: true })).body;
    expect(refreshable).toMatchObject({ refresh_token: expect.any(String), expires_in_ms: 300_000 });
  });

  test('wrong passwords, unknown users and users of other servers are refused alike', async () => {
    const { user, byPassword } = setUp(await engine.open());
    await user('alice', { password: 'secret' });
    await user('nopassword');
    const answers = [
      await byPassword('alice', 'wrong'),
      await byPassword('alice', ''),
      await byPassword('nobody', 'secret'),
      await byPassword('nopassword', ''),
      await byPassword('@alice:elsewhere.org', 'secret'),
      await byPassword('not a user id', 'secret'),
    ];
    expect(answers.map((answer) => answer.verdict)).toEqual(answers.map(() => '403 M_FORBIDDEN'));
    expect(new Set(answers.map((answer) => answer.body.error)).size).toBe(1);
  });

  test('older clients name the user without an identifier', async () => {
    const { user, client } = setUp(await engine.open());
    await user('alice', { password: 'secret' });
    for (const path of [LOGIN, '/_matrix/client/r0/login', '/_matrix/client/api/v1/login']) {
      const answer = await client('POST', path, {
        body: { type: 'm.login.password', user: 'alice', password: 'secret' },
      });
      expect([path, answer.status]).toEqual([path, 200]);
    }
  });

  test('third-party identifiers belong to nobody', async () => {
    const { client } = setUp(await engine.open());
    const identifier = { type: 'm.id.thirdparty', medium: 'email', address: 'alice@example.org' };
    const body = { type: 'm.login.password', identifier, password: 'secret' };
    expect((await client('POST', LOGIN, { body })).verdict).toBe('403 M_FORBIDDEN');
    // As the specification's own example has it.
    const untyped = { type: 'm.login.password', identifier: { medium: 'email', address: 'a@b.c' }, password: 'secret' };
    expect((await client('POST', LOGIN, { body: untyped })).verdict).toBe('403 M_FORBIDDEN');
    const phone = { type: 'm.id.phone', country: 'GB', phone: '020 7946 0000' };
    expect((await client('POST', LOGIN, { body: { ...body, identifier: phone } })).verdict).toBe('403 M_FORBIDDEN');
    const legacy = { type: 'm.login.password', medium: 'email', address: 'a@example.org', password: 'secret' };
    expect((await client('POST', LOGIN, { body: legacy })).verdict).toBe('403 M_FORBIDDEN');
  });

  test('incomplete and unknown logins are told apart', async () => {
    const { client } = setUp(await engine.open());
    const verdict = async (body: unknown) => (await client('POST', LOGIN, { body })).verdict;
    expect(await verdict({})).toBe('400 M_MISSING_PARAM');
    expect(await verdict({ type: 'm.login.password', password: 'secret' })).toBe('400 M_MISSING_PARAM');
    expect(await verdict({ type: 'm.login.password', user: 'alice' })).toBe('400 M_MISSING_PARAM');
    expect(await verdict({ type: 'm.login.token' })).toBe('400 M_MISSING_PARAM');
    const by = (identifier: JsonObject) => verdict({ type: 'm.login.password', identifier, password: 'secret' });
    expect(await by({})).toBe('400 M_MISSING_PARAM');
    expect(await by({ type: 'm.id.user' })).toBe('400 M_MISSING_PARAM');
    expect(await by({ type: 'm.id.thirdparty', medium: 'email' })).toBe('400 M_MISSING_PARAM');
    expect(await by({ type: 'm.id.phone', country: 'GB' })).toBe('400 M_MISSING_PARAM');
    expect(await by({ type: 'org.example.badge', user: 'alice' })).toBe('400 M_UNKNOWN');
    expect(await by({ type: 'm.id.user', user: null })).toBe('400 M_BAD_JSON');
    expect(await verdict({ type: 'org.example.magic' })).toBe('400 M_UNKNOWN');
    expect(await verdict({ type: 'm.login.password', user: 5, password: 'secret' })).toBe('400 M_BAD_JSON');
    expect(await verdict({ type: 'm.login.password', user: 'a\0b', password: 'secret' })).toStartWith('400 ');
  });

  test('a deactivated user cannot log in, a locked one learns of the lock only with the right password', async () => {
    const { user, accounts, byPassword } = setUp(await engine.open());
    const alice = await user('alice', { password: 'secret' });
    const bob = await user('bob', { password: 'secret' });
    await accounts.lifecycle.setFlags(alice.userId, { isLocked: true });
    await accounts.lifecycle.deactivate(bob.userId, { erase: false });
    expect((await byPassword('alice', 'wrong')).verdict).toBe('403 M_FORBIDDEN');
    const locked = await byPassword('alice', 'secret');
    expect(locked.verdict).toBe('401 M_USER_LOCKED');
    expect(locked.body.soft_logout).toBe(true);
    expect((await byPassword('bob', 'secret')).verdict).toBe('403 M_USER_DEACTIVATED');
  });

  test('failures use up a budget of their own; success uses that of the account and the address', async () => {
    const limit = (burst_count: number) => ({ per_second: 0.001, burst_count });
    const { user, byPassword } = setUp(await engine.open(), {
      rc_login: { address: limit(8), account: limit(3), failed_attempts: limit(2) },
    });
    await user('alice', { password: 'secret' });
    await user('bob', { password: 'secret' });
    expect((await byPassword('alice', 'wrong')).status).toBe(403);
    expect((await byPassword('alice', 'wrong')).status).toBe(403);
    const refused = await byPassword('alice', 'secret');
    expect(refused.verdict).toBe('429 M_LIMIT_EXCEEDED');
    expect(refused.headers.get('retry-after')).not.toBeNull();
    for (let round = 0; round < 3; round++) expect((await byPassword('bob', 'secret')).status).toBe(200);
    expect((await byPassword('bob', 'secret')).verdict).toBe('429 M_LIMIT_EXCEEDED');
    expect((await byPassword('nobody', 'x')).status).toBe(403);
    // The address has had its eight.
    expect((await byPassword('nobody', 'x')).verdict).toBe('429 M_LIMIT_EXCEEDED');
  });

  test('an imported bcrypt password logs in and is replaced by an argon2id hash', async () => {
    const { user, accounts, byPassword } = setUp(await engine.open());
    const { userId } = await user('alice');
    const bcrypt = await Bun.password.hash('secret', { algorithm: 'bcrypt', cost: 4 });
    await accounts.lifecycle.setPassword(userId, bcrypt, 'nobody');
    expect((await byPassword('alice', 'secret')).status).toBe(200);
    expect((await accounts.users.find(userId))?.passwordHash).toStartWith('$argon2id$');
    expect((await byPassword('alice', 'secret')).status).toBe(200);
  });

  test('one password typed on different keyboards is one password', async () => {
    const { user, byPassword } = setUp(await engine.open(), { password_config: { pepper: 'pepper' } });
    await user('alice', { password: 'übers3kr1t' });
    expect((await byPassword('alice', 'u\u0308bers3kr1t')).status).toBe(200);
  });

  test('passwords that only confirm operations, or are off, do not log in', async () => {
    for (const enabled of [false, 'only_for_reauth']) {
      const { user, client, byPassword } = setUp(await engine.open(), { password_config: { enabled } });
      await user('alice', { password: 'secret' });
      expect((await byPassword('alice', 'secret')).verdict).toBe('400 M_UNKNOWN');
      const { flows } = (await client('GET', LOGIN)).body;
      expect(flows.map((flow: LoginFlow) => flow.type)).not.toContain('m.login.password');
    }
  });

  test('the ways to log in are listed as configured', async () => {
    const plain = setUp(await engine.open());
    expect((await plain.client('GET', LOGIN)).body.flows).toEqual([
      { type: 'm.login.password' },
      { type: 'm.login.application_service' },
    ]);
    const all = setUp(await engine.open(), { login_via_existing_session: { enabled: true } }, [
      { type: 'm.login.sso' },
    ]);
    expect((await all.client('GET', LOGIN)).body.flows).toEqual([
      { type: 'm.login.sso' },
      { type: 'm.login.token', get_login_token: true },
      { type: 'm.login.password' },
      { type: 'm.login.application_service' },
    ]);
  });

  test('an appservice logs in its own registered users only', async () => {
    const { user, client } = setUp(await engine.open(), { rc_login: { address: { per_second: 0, burst_count: 0 } } });
    await user('_irc_bob');
    await user('alice', { password: 'secret' });
    const as = async (name: string, token?: string) =>
      (
        await client('POST', LOGIN, {
          body: { type: 'm.login.application_service', identifier: { type: 'm.id.user', user: name } },
          token,
        })
      ).verdict;
    expect(await as('_irc_bob', 'as_token')).toBe('200');
    expect(await as('_irc_nobody', 'as_token')).toBe('403 M_FORBIDDEN');
    expect(await as('alice', 'as_token')).toBe('400 M_EXCLUSIVE');
    expect(await as('_irc_bob', 'wrong')).toBe('429 M_LIMIT_EXCEEDED');
  });
});

forEachEngine('sessions', (engine) => {
  test('refreshing over HTTP gives both tokens; the old way is closed', async () => {
    const { user, byPassword, client, isValid } = setUp(await engine.open());
    await user('alice', { password: 'secret' });
    const login = (await byPassword('alice', 'secret', { refresh_token: true })).body;
    const path = '/_matrix/client/v3/refresh';
    const { body } = await client('POST', path, { body: { refresh_token: login.refresh_token } });
    expect(body).toEqual({
      access_token: expect.any(String),
      refresh_token: expect.any(String),
      expires_in_ms: 300_000,
    });
    expect(await isValid(body.access_token)).toBe(true);
    expect((await client('POST', path, { body: { refresh_token: login.refresh_token } })).verdict).toBe(
      '401 M_UNKNOWN_TOKEN',
    );
    expect((await client('POST', path, { body: { refresh_token: login.access_token } })).verdict).toBe(
      '401 M_UNKNOWN_TOKEN',
    );
    expect((await client('POST', path, { body: {} })).verdict).toBe('400 M_MISSING_PARAM');
    expect((await client('POST', '/_matrix/client/v3/tokenrefresh')).verdict).toBe('403 M_FORBIDDEN');
  });

  test('logging out ends one device, logging out everywhere ends all', async () => {
    const { user, byPassword, client, isValid, accounts } = setUp(await engine.open());
    const alice = await user('alice', { password: 'secret', deviceId: 'FIRST' });
    const bob = await user('bob');
    const second = (await byPassword('alice', 'secret', { device_id: 'SECOND' })).body.access_token;
    const third = (await byPassword('alice', 'secret', { device_id: 'THIRD' })).body.access_token;
    expect((await client('POST', '/_matrix/client/v3/logout', { token: second })).status).toBe(200);
    expect([await isValid(alice.token), await isValid(second), await isValid(third)]).toEqual([true, false, true]);
    expect((await accounts.devices.ofUser(alice.userId)).map((each) => String(each.deviceId))).toEqual([
      'FIRST',
      'THIRD',
    ]);
    expect((await client('POST', '/_matrix/client/v3/logout/all', { token: third })).status).toBe(200);
    expect([await isValid(alice.token), await isValid(third), await isValid(bob.token)]).toEqual([false, false, true]);
    expect(await accounts.devices.ofUser(alice.userId)).toEqual([]);
    expect((await client('POST', '/_matrix/client/v3/logout', { token: third })).verdict).toBe('401 M_UNKNOWN_TOKEN');
    expect((await client('POST', '/_matrix/client/v3/logout')).verdict).toBe('401 M_MISSING_TOKEN');
  });

  test('an administrator who acts as a user logs out without touching the user’s devices', async () => {
    const { user, client, accounts, isValid } = setUp(await engine.open());
    const alice = await user('alice', { deviceId: 'PHONE' });
    const puppet = await accounts.sessions.startPuppet(alice.userId, '@admin:example.org' as UserId, undefined);
    expect((await client('POST', '/_matrix/client/v3/logout', { token: puppet })).status).toBe(200);
    expect([await isValid(puppet), await isValid(alice.token)]).toEqual([false, true]);
  });
});

forEachEngine('login tokens', (engine) => {
  const enabled = { login_via_existing_session: { enabled: true, require_ui_auth: true, token_timeout: '2m' } };

  test('another client logs in once with a token that the user has confirmed', async () => {
    const { user, client } = setUp(await engine.open(), enabled);
    const alice = await user('alice', { password: 'secret' });
    const asked = await client('POST', GET_TOKEN, { token: alice.token, body: {} });
    expect(asked.status).toBe(401);
    expect(asked.body.flows).toEqual([{ stages: ['m.login.password'] }]);
    const auth = { type: 'm.login.password', password: 'secret', session: asked.body.session };
    const answer = await client('POST', GET_TOKEN, { token: alice.token, body: { auth } });
    expect(answer.body).toEqual({ login_token: expect.any(String), expires_in_ms: 120_000 });
    // A confirmation is good for one token.
    expect((await client('POST', GET_TOKEN, { token: alice.token, body: { auth } })).status).toBe(400);
    const body = { type: 'm.login.token', token: answer.body.login_token };
    expect((await client('POST', LOGIN, { body })).body.user_id).toBe(alice.userId);
    expect((await client('POST', LOGIN, { body })).verdict).toBe('403 M_FORBIDDEN');
  });

  test('asking for a confirmation takes nothing from the limit on login tokens', async () => {
    const { user, client } = setUp(await engine.open(), {
      login_via_existing_session: { enabled: true },
      rc_login: { account: { per_second: 0.001, burst_count: 1 } },
    });
    const { token } = await user('alice', { password: 'secret' });
    for (const _ of [1, 2]) expect((await client('POST', GET_TOKEN, { token })).status).toBe(401);
    const body = { auth: { type: 'm.login.password', password: 'secret' } };
    expect((await client('POST', GET_TOKEN, { token, body })).status).toBe(200);
    const limited = await client('POST', GET_TOKEN, { token, body });
    expect(limited.verdict).toBe('429 M_LIMIT_EXCEEDED');
    expect(limited.headers.get('retry-after')).toBe('1000');
  });

  test('of two clients with one login token, one gets in', async () => {
    const { user, client, loginTokens } = setUp(await engine.open());
    const alice = await user('alice');
    const body = { type: 'm.login.token', token: await loginTokens.create(alice.userId, 60_000) };
    const answers = await Promise.all([1, 2, 3].map(() => client('POST', LOGIN, { body })));
    expect(answers.map((answer) => answer.status).toSorted()).toEqual([200, 403, 403]);
  });

  test('login tokens expire, and end with their account', async () => {
    const { user, client, clock, loginTokens, accounts, sweep, storage } = setUp(await engine.open());
    const alice = await user('alice');
    const expired = await loginTokens.create(alice.userId, 1000);
    await clock.advance(1000);
    expect((await client('POST', LOGIN, { body: { type: 'm.login.token', token: expired } })).verdict).toBe(
      '403 M_FORBIDDEN',
    );
    await sweep();
    expect(await storage.reader.all({ sql: 'select * from login_tokens', parameters: [] })).toEqual([]);
    const token = await loginTokens.create(alice.userId, 1000);
    await accounts.lifecycle.deactivate(alice.userId, { erase: false });
    expect((await client('POST', LOGIN, { body: { type: 'm.login.token', token } })).verdict).toBe('403 M_FORBIDDEN');
  });

  test('tokens are made for who is logged in, where that is enabled', async () => {
    const off = setUp(await engine.open());
    const alice = await off.user('alice', { password: 'secret' });
    expect((await off.client('POST', GET_TOKEN, { token: alice.token, body: {} })).verdict).toBe('404 M_UNRECOGNIZED');
    const on = setUp(await engine.open(), enabled);
    expect((await on.client('POST', GET_TOKEN, { body: {} })).verdict).toBe('401 M_MISSING_TOKEN');
    const guest = await on.user('123', { isGuest: true });
    expect((await on.client('POST', GET_TOKEN, { token: guest.token, body: {} })).verdict).toBe(
      '403 M_GUEST_ACCESS_FORBIDDEN',
    );
  });
});
