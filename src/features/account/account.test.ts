import { expect, test } from 'bun:test';
import { type AppserviceDirectory, type AppserviceIdentity, NO_APPSERVICES } from '#accounts/index.ts';
import { SERVER_NAME, testAccounts } from '#accounts/test-accounts.ts';
import type { Storage } from '#platform/storage/index.ts';
import type { DeviceId, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { forEachEngine } from '#test/storage.ts';
import { accountFeature } from './index.ts';

const CLIENT = '/_matrix/client/v3';
const PASSWORD = `${CLIENT}/account/password`;
const DEACTIVATE = `${CLIENT}/account/deactivate`;
const proof = (password: string, user?: string) => ({
  type: 'm.login.password',
  password,
  ...(user === undefined ? {} : { identifier: { type: 'm.id.user', user } }),
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

function setUp(storage: Storage, overrides: JsonObject = {}) {
  const world = testAccounts(storage, overrides, appservices);
  const { accounts, config } = world;
  const { routes } = accountFeature({ accounts, config: { serverName: SERVER_NAME, password: config.password } });
  const isValid = async (token: string) => (await accounts.authenticator.peek(token)) !== undefined;
  const hasPassword = async (userId: UserId, password: string) =>
    accounts.passwords.verify(password, (await accounts.users.find(userId))?.passwordHash);
  return { ...world, client: world.client(routes), isValid, hasPassword };
}

forEachEngine('account', (engine) => {
  test('whoami tells user, device and whether it is a guest', async () => {
    const { user, client } = setUp(await engine.open());
    const alice = await user('alice', { deviceId: 'PHONE' });
    const guest = await user('123', { isGuest: true });
    const path = `${CLIENT}/account/whoami`;
    const answer = await client('GET', path, { token: alice.token });
    expect(answer.body).toEqual({ user_id: alice.userId, device_id: 'PHONE', is_guest: false });
    expect((await client('GET', path, { token: guest.token })).body.is_guest).toBe(true);
    expect((await client('GET', path)).verdict).toBe('401 M_MISSING_TOKEN');
  });

  test('a changed password ends the other sessions with their devices, and not the one that changed it', async () => {
    const { user, accounts, client, isValid, hasPassword } = setUp(await engine.open());
    const alice = await user('alice', { password: 'old', deviceId: 'FIRST' });
    const other = await accounts.sessions.start({ userId: alice.userId, deviceId: 'OTHER' as DeviceId });
    const body = { auth: proof('old', alice.userId), new_password: 'new' };
    expect((await client('POST', PASSWORD, { token: alice.token, body })).status).toBe(200);
    expect(await hasPassword(alice.userId, 'new')).toBe(true);
    expect(await hasPassword(alice.userId, 'old')).toBe(false);
    expect([await isValid(alice.token), await isValid(other.accessToken)]).toEqual([true, false]);
    expect((await accounts.devices.idsOf(alice.userId)).map(String)).toEqual(['FIRST']);
  });

  test('other sessions are kept where the user wants it', async () => {
    const { user, accounts, client, isValid } = setUp(await engine.open());
    const alice = await user('alice', { password: 'old' });
    const other = await accounts.sessions.start({ userId: alice.userId });
    const body = { auth: proof('old', 'alice'), new_password: 'new', logout_devices: false };
    expect((await client('POST', PASSWORD, { token: alice.token, body })).status).toBe(200);
    expect([await isValid(alice.token), await isValid(other.accessToken)]).toEqual([true, true]);
  });

  test('the new password may come before the proof', async () => {
    const { user, client, hasPassword } = setUp(await engine.open());
    const alice = await user('alice', { password: 'old' });
    const asked = await client('POST', PASSWORD, { token: alice.token, body: { new_password: 'new' } });
    expect(asked.body.flows).toEqual([{ stages: ['m.login.password'] }]);
    const auth = { ...proof('old'), session: asked.body.session };
    expect((await client('POST', PASSWORD, { token: alice.token, body: { auth } })).status).toBe(200);
    expect(await hasPassword(alice.userId, 'new')).toBe(true);
    const missing = await client('POST', PASSWORD, { token: alice.token, body: { auth: proof('new') } });
    expect(missing.verdict).toBe('400 M_MISSING_PARAM');
  });

  test('without a token the proof says whose password it is', async () => {
    const { user, client, isValid, hasPassword } = setUp(await engine.open());
    const alice = await user('alice', { password: 'old' });
    const attempt = (auth: JsonObject) => client('POST', PASSWORD, { body: { auth, new_password: 'new' } });
    expect((await attempt(proof('old'))).verdict).toBe('401 M_MISSING_PARAM');
    expect((await attempt(proof('wrong', 'alice'))).verdict).toBe('401 M_FORBIDDEN');
    expect((await attempt(proof('old', 'alice'))).status).toBe(200);
    expect(await hasPassword(alice.userId, 'new')).toBe(true);
    expect(await isValid(alice.token)).toBe(false);
  });

  test('another user’s password proves nothing, and one’s own nothing about others', async () => {
    const { user, client, hasPassword } = setUp(await engine.open());
    const alice = await user('alice', { password: 'alices' });
    const bob = await user('bob', { password: 'bobs' });
    const body = { auth: proof('bobs', bob.userId), new_password: 'new' };
    expect((await client('POST', PASSWORD, { token: alice.token, body })).verdict).toBe('403 M_FORBIDDEN');
    expect(await hasPassword(alice.userId, 'alices')).toBe(true);
    expect(await hasPassword(bob.userId, 'bobs')).toBe(true);
  });

  test('a session that somebody else began is unknown', async () => {
    const { user, client } = setUp(await engine.open());
    const alice = await user('alice', { password: 'alices' });
    const bob = await user('bob', { password: 'bobs' });
    const asked = await client('POST', PASSWORD, { token: alice.token, body: { new_password: 'new' } });
    const auth = { ...proof('bobs'), session: asked.body.session };
    expect((await client('POST', PASSWORD, { token: bob.token, body: { auth } })).verdict).toBe('400 M_UNKNOWN');
    expect((await client('POST', PASSWORD, { body: { auth } })).verdict).toBe('400 M_UNKNOWN');
    const own = { ...proof('alices'), session: asked.body.session };
    expect((await client('POST', DEACTIVATE, { token: alice.token, body: { auth: own } })).verdict).toBe(
      '403 M_UNKNOWN',
    );
  });

  test('weak passwords, guests and servers without passwords are refused', async () => {
    const policy = { enabled: true, minimum_length: 10 };
    const strict = setUp(await engine.open(), { password_config: { policy } });
    const alice = await strict.user('alice', { password: 'old' });
    const guest = await strict.user('123', { isGuest: true });
    const body = { auth: proof('old'), new_password: 'short' };
    expect((await strict.client('POST', PASSWORD, { token: alice.token, body })).verdict).toBe(
      '400 M_PASSWORD_TOO_SHORT',
    );
    expect((await strict.client('POST', PASSWORD, { token: guest.token, body })).verdict).toBe(
      '403 M_GUEST_ACCESS_FORBIDDEN',
    );
    expect((await strict.client('GET', `${CLIENT}/password_policy`)).body).toEqual({
      'm.minimum_length': 10,
      'm.require_digit': false,
      'm.require_symbol': false,
      'm.require_lowercase': false,
      'm.require_uppercase': false,
    });
    const none = setUp(await engine.open(), { password_config: { localdb_enabled: false } });
    expect((await none.client('POST', PASSWORD, { body })).verdict).toBe('403 M_FORBIDDEN');
    expect((await none.client('GET', `${CLIENT}/password_policy`)).body).toEqual({});
  });

  test('wrong passwords in proofs are limited like wrong logins', async () => {
    const { user, client } = setUp(await engine.open(), {
      rc_login: { failed_attempts: { per_second: 0.001, burst_count: 2 } },
    });
    const alice = await user('alice', { password: 'old' });
    const attempt = (password: string) =>
      client('POST', PASSWORD, { token: alice.token, body: { auth: proof(password), new_password: 'new' } });
    expect((await attempt('wrong')).verdict).toBe('401 M_FORBIDDEN');
    expect((await attempt('wrong')).verdict).toBe('401 M_FORBIDDEN');
    expect((await attempt('old')).verdict).toBe('429 M_LIMIT_EXCEEDED');
  });
});

forEachEngine('deactivation', (engine) => {
  test('an account is deactivated by its owner’s proof, erased only if asked', async () => {
    const { user, accounts, client, isValid } = setUp(await engine.open());
    const seen: unknown[] = [];
    accounts.hooks.onAccountDeactivated.push((userId, options) => void seen.push([userId, options]));
    const alice = await user('alice', { password: 'secret' });
    const bob = await user('bob', { password: 'secret' });
    const asked = await client('POST', DEACTIVATE, { token: alice.token, body: {} });
    expect(asked.status).toBe(401);
    expect(asked.body.flows).toEqual([{ stages: ['m.login.password'] }]);
    const wrong = await client('POST', DEACTIVATE, { token: alice.token, body: { auth: proof('wrong', 'alice') } });
    expect(wrong.verdict).toBe('401 M_FORBIDDEN');
    const done = await client('POST', DEACTIVATE, { token: alice.token, body: { auth: proof('secret', 'alice') } });
    expect(done.body).toEqual({ id_server_unbind_result: 'success' });
    expect(await isValid(alice.token)).toBe(false);
    const erased = await client('POST', DEACTIVATE, { body: { auth: proof('secret', 'bob'), erase: true } });
    expect(erased.status).toBe(200);
    expect(seen).toEqual([
      [alice.userId, { erase: false }],
      [bob.userId, { erase: true }],
    ]);
  });

  test('what was proved for one thing does not do for another', async () => {
    const { user, accounts, client } = setUp(await engine.open());
    const alice = await user('alice', { password: 'secret' });
    accounts.uia.accountStages.push(async () => ['m.login.dummy']);
    const asked = await client('POST', DEACTIVATE, { token: alice.token, body: { erase: false } });
    await accounts.uia.completeStage(
      asked.body.session,
      'm.login.dummy',
      {},
      {
        method: 'GET',
        path: '/fallback',
        ip: '10.0.0.1',
        userAgent: '',
      },
    );
    const auth = { session: asked.body.session };
    const changed = await client('POST', DEACTIVATE, { token: alice.token, body: { auth, erase: true } });
    expect(changed.verdict).toBe('403 M_UNKNOWN');
    expect((await client('POST', DEACTIVATE, { token: alice.token, body: { auth, erase: false } })).status).toBe(200);
  });

  test('guests cannot, appservices can without a proof, for their users only', async () => {
    const { user, accounts, client } = setUp(await engine.open());
    const guest = await user('123', { isGuest: true });
    const irc = await user('_irc_bob');
    await user('alice');
    expect((await client('POST', DEACTIVATE, { token: guest.token, body: {} })).verdict).toBe(
      '403 M_GUEST_ACCESS_FORBIDDEN',
    );
    expect(
      (await client('POST', `${DEACTIVATE}?user_id=@alice:example.org`, { token: 'as_token', body: {} })).verdict,
    ).toBe('403 M_FORBIDDEN');
    expect((await client('POST', `${DEACTIVATE}?user_id=${irc.userId}`, { token: 'as_token', body: {} })).status).toBe(
      200,
    );
    expect((await accounts.users.find(irc.userId))?.isDeactivated).toBe(true);
  });
});

forEachEngine('administration of accounts', (engine) => {
  test('sessions are shown to their user and to administrators', async () => {
    const { user, client } = setUp(await engine.open());
    const alice = await user('alice', { deviceId: 'PHONE' });
    const bob = await user('bob');
    const admin = await user('admin', { isAdmin: true });
    const path = `${CLIENT}/admin/whois/${alice.userId}`;
    const own = await client('GET', path, { token: alice.token, ip: '10.0.0.7', userAgent: 'Element' });
    expect(own.body.user_id).toBe(alice.userId);
    expect(own.body.devices.PHONE.sessions[0].connections).toEqual([
      { ip: '10.0.0.7', last_seen: expect.any(Number), user_agent: 'Element' },
    ]);
    expect((await client('GET', path, { token: admin.token })).status).toBe(200);
    expect((await client('GET', path, { token: bob.token })).verdict).toBe('403 M_FORBIDDEN');
    const remote = `${CLIENT}/admin/whois/@carol:elsewhere.org`;
    expect((await client('GET', remote, { token: bob.token })).verdict).toBe('403 M_FORBIDDEN');
    expect((await client('GET', remote, { token: admin.token })).verdict).toBe('400 M_INVALID_PARAM');
  });

  test('administrators lock and suspend accounts, and lift that', async () => {
    const { user, client } = setUp(await engine.open());
    const alice = await user('alice');
    const admin = await user('admin', { isAdmin: true });
    for (const [kind, key] of [
      ['lock', 'locked'],
      ['suspend', 'suspended'],
    ] as const) {
      const path = `/_matrix/client/v1/admin/${kind}/${alice.userId}`;
      expect((await client('GET', path, { token: admin.token })).body).toEqual({ [key]: false });
      expect((await client('PUT', path, { token: admin.token, body: { [key]: true } })).body).toEqual({ [key]: true });
      expect((await client('GET', path, { token: admin.token })).body).toEqual({ [key]: true });
      const unstable = path.replace('/v1/', '/unstable/uk.timedout.msc4323/');
      expect((await client('GET', unstable, { token: admin.token })).body).toEqual({ [key]: true });
      const whoami = await client('GET', `${CLIENT}/account/whoami`, { token: alice.token });
      expect(whoami.verdict).toBe(kind === 'lock' ? '401 M_USER_LOCKED' : '200');
      await client('PUT', path, { token: admin.token, body: { [key]: false } });
      expect((await client('GET', path, { token: admin.token })).body).toEqual({ [key]: false });
    }
  });

  test('moderation is for administrators, and not against themselves, each other, strangers or the departed', async () => {
    const { user, accounts, client } = setUp(await engine.open());
    const alice = await user('alice');
    const admin = await user('admin', { isAdmin: true });
    await user('other', { isAdmin: true });
    const gone = await user('gone');
    await accounts.lifecycle.deactivate(gone.userId, { erase: false });
    const lock = async (userId: string, token = admin.token) =>
      (await client('PUT', `/_matrix/client/v1/admin/lock/${userId}`, { token, body: { locked: true } })).verdict;
    const look = async (userId: string, token = admin.token) =>
      (await client('GET', `/_matrix/client/v1/admin/suspend/${userId}`, { token })).verdict;
    expect(await lock('@admin:example.org', alice.token)).toBe('403 M_FORBIDDEN');
    expect(await look('@nobody:example.org', alice.token)).toBe('403 M_FORBIDDEN');
    expect(await lock('@admin:example.org')).toBe('403 M_FORBIDDEN');
    expect(await look('@admin:example.org')).toBe('200');
    expect(await lock('@other:example.org')).toBe('403 M_FORBIDDEN');
    expect(await look('@other:example.org')).toBe('403 M_FORBIDDEN');
    expect(await lock('@nobody:example.org')).toBe('404 M_NOT_FOUND');
    expect(await lock('@gone:example.org')).toBe('404 M_NOT_FOUND');
    expect(await lock('@carol:elsewhere.org')).toBe('400 M_INVALID_PARAM');
    expect(await lock('nonsense')).toBe('400 M_INVALID_PARAM');
  });
});

forEachEngine('third-party identifiers', (engine) => {
  test('there are none, and none can be added', async () => {
    const { user, client } = setUp(await engine.open());
    const alice = await user('alice', { password: 'secret' });
    const token = alice.token;
    const path = `${CLIENT}/account/3pid`;
    const verdict = async (method: string, suffix: string, body?: unknown) =>
      (await client(method, path + suffix, { token, body })).verdict;
    expect((await client('GET', path, { token })).body).toEqual({ threepids: [] });
    expect((await client('GET', path)).verdict).toBe('401 M_MISSING_TOKEN');
    const creds = { client_secret: 'abc', sid: '1' };
    expect(await verdict('POST', '', {})).toBe('400 M_MISSING_PARAM');
    expect(await verdict('POST', '', { three_pid_creds: creds })).toBe('400 M_THREEPID_AUTH_FAILED');
    expect(await verdict('POST', '/add', creds)).toBe('401');
    expect(await verdict('POST', '/add', { ...creds, auth: proof('secret') })).toBe('400 M_THREEPID_AUTH_FAILED');
    const bind = { ...creds, id_server: 'id.example.org', id_access_token: 'x' };
    expect(await verdict('POST', '/bind', bind)).toBe('403 M_SERVER_NOT_TRUSTED');
    const threepid = { medium: 'email', address: 'a@example.org' };
    expect(await verdict('POST', '/delete', threepid)).toBe('200');
    expect(await verdict('POST', '/unbind', threepid)).toBe('200');
    expect(await verdict('POST', '/delete', { ...threepid, medium: 'pigeon' })).toBe('400 M_INVALID_PARAM');
    const request = { client_secret: 'abc', email: 'a@example.org', send_attempt: 1 };
    expect(await verdict('POST', '/email/requestToken', request)).toBe('400 M_THREEPID_MEDIUM_NOT_SUPPORTED');
    const reset = await client('POST', `${PASSWORD}/email/requestToken`, { body: request });
    expect(reset.verdict).toBe('403 M_FORBIDDEN');
    const submit = '/_matrix/client/unstable/add_threepid/email/submit_token?sid=1&client_secret=abc&token=x';
    expect((await client('GET', submit)).verdict).toBe('404 M_NOT_FOUND');
  });
});
