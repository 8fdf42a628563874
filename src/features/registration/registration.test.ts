import { expect, test } from 'bun:test';
import { createHmac } from 'node:crypto';
import { type AppserviceDirectory, type AppserviceIdentity, NO_APPSERVICES } from '#accounts/index.ts';
import { SERVER_NAME, testAccounts } from '#accounts/test-accounts.ts';
import type { Storage } from '#platform/storage/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { forEachEngine } from '#test/storage.ts';
import { registrationFeature } from './index.ts';

const REGISTER = '/_matrix/client/v3/register';
const SHARED = '/_synapse/admin/v1/register';
const OPEN = { enable_registration: true, enable_registration_without_verification: true };
const WITH_TOKEN = { enable_registration: true, registration_requires_token: true };
const dummy = { type: 'm.login.dummy' };

const bridge: AppserviceIdentity = {
  id: 'bridge',
  sender: `@bridge:${SERVER_NAME}` as UserId,
  isInterestedInUser: (userId) => userId.startsWith('@_irc_'),
  isRateLimited: false,
};
const appservices: AppserviceDirectory = {
  ...NO_APPSERVICES,
  byToken: (token) => (token === 'as_token' ? bridge : undefined),
  exclusiveOwner: (userId) => (userId.startsWith('@_irc_') || userId.startsWith('@irc-') ? bridge : undefined),
};

function setUp(storage: Storage, overrides: JsonObject = OPEN) {
  const world = testAccounts(storage, overrides, appservices);
  const { accounts } = world;
  const registered: string[] = [];
  const feature = registrationFeature({
    ...world,
    reader: storage.reader,
    appservices,
    afterRegistration: async (userId) => void registered.push(userId),
  });
  const client = world.client(feature.routes);
  const register = (body: JsonObject, query = '') => client('POST', REGISTER + query, { body });
  const find = (localpart: string) => accounts.users.find(`@${localpart}:${SERVER_NAME}` as UserId);
  return { ...world, ...feature, client, register, find, registered };
}

forEachEngine('registration', (engine) => {
  test('without authentication the flows are told, and with it there is an account', async () => {
    const { register, find, accounts, registered } = setUp(await engine.open());
    const asked = await register({});
    expect(asked.status).toBe(401);
    expect(asked.body).toEqual({
      session: expect.any(String),
      flows: [{ stages: ['m.login.dummy'] }],
      params: {},
      completed: [],
    });
    const answer = await register({
      username: 'alice',
      password: 'secret',
      auth: { ...dummy, session: asked.body.session },
    });
    expect(answer.body).toEqual({
      user_id: '@alice:example.org',
      home_server: 'example.org',
      access_token: expect.any(String),
      device_id: expect.stringMatching(/^[A-Z]{10}$/),
    });
    expect((await accounts.authenticator.peek(answer.body.access_token))?.userId).toBe(answer.body.user_id);
    expect((await find('alice'))?.passwordHash).toStartWith('$argon2id$');
    expect(registered).toEqual(['@alice:example.org']);
  });

  test('one request does where the only stage is a dummy', async () => {
    const { register } = setUp(await engine.open());
    const answer = await register({
      username: 'User-UPPER',
      password: 'secret',
      device_id: 'PHONE',
      refresh_token: true,
      auth: dummy,
    });
    expect(answer.body).toMatchObject({
      user_id: '@user-upper:example.org',
      device_id: 'PHONE',
      refresh_token: expect.any(String),
      expires_in_ms: 300_000,
    });
  });

  test('without a name a user gets one, and without logging in no tokens', async () => {
    const { register, accounts } = setUp(await engine.open());
    const { body } = await register({ password: 'secret', inhibit_login: true, auth: dummy });
    expect(body).toEqual({
      user_id: expect.stringMatching(/^@u[a-z0-9]{12}:example\.org$/),
      home_server: 'example.org',
    });
    expect(await accounts.devices.idsOf(body.user_id)).toEqual([]);
  });

  test('names are checked before anything else', async () => {
    const { register, client } = setUp(await engine.open());
    await register({ username: 'taken', password: 'secret', auth: dummy });
    const cases: [string, string][] = [
      ['taken', '400 M_USER_IN_USE'],
      ['TAKEN', '400 M_USER_IN_USE'],
      ['', '400 M_INVALID_USERNAME'],
      ['a b', '400 M_INVALID_USERNAME'],
      ['é', '400 M_INVALID_USERNAME'],
      ['a:b', '400 M_INVALID_USERNAME'],
      ['_underscore', '400 M_INVALID_USERNAME'],
      ['12345', '400 M_INVALID_USERNAME'],
      ['x'.repeat(250), '400 M_INVALID_USERNAME'],
      ['irc-bob', '400 M_EXCLUSIVE'],
      ["'", '400 M_INVALID_USERNAME'],
    ];
    for (const [username, verdict] of cases) {
      expect([username, (await register({ username, password: 'secret' })).verdict]).toEqual([username, verdict]);
      const available = await client('GET', `${REGISTER}/available?username=${encodeURIComponent(username)}`);
      expect([username, available.verdict]).toEqual([username, verdict]);
    }
    for (const username of ['q3._=-/', 'free', 'a+b']) {
      const available = await client('GET', `${REGISTER}/available?username=${encodeURIComponent(username)}`);
      expect(available.body).toEqual({ available: true });
    }
  });

  test('taken names are not told before the proof where that is so configured', async () => {
    const { register, client } = setUp(await engine.open(), { ...OPEN, inhibit_user_in_use_error: true });
    await register({ username: 'taken', password: 'secret', auth: dummy });
    expect((await client('GET', `${REGISTER}/available?username=taken`)).body).toEqual({ available: true });
    expect((await register({ username: 'taken', password: 'secret' })).verdict).toBe('401');
    expect((await register({ username: 'taken', password: 'secret', auth: dummy })).verdict).toBe('400 M_USER_IN_USE');
  });

  test('who guesses at registration tokens has to wait, who has one need not', async () => {
    const { register, registrationTokens } = setUp(await engine.open(), {
      ...WITH_TOKEN,
      rc_registration_token_validity: { per_second: 0.1, burst_count: 2 },
    });
    await registrationTokens.create({ token: 'right' }, { usesAllowed: undefined, expiresTs: undefined });
    const attempt = async (token: string) =>
      (await register({ password: 'secret', auth: { type: 'm.login.registration_token', token } })).verdict;
    for (const _ of [1, 2, 3]) expect(await attempt('right')).toBe('200');
    expect(await attempt('guess-1')).toBe('401 M_UNAUTHORIZED');
    expect(await attempt('guess-2')).toBe('401 M_UNAUTHORIZED');
    expect(await attempt('guess-3')).toBe('429 M_LIMIT_EXCEEDED');
    expect(await attempt('right')).toBe('429 M_LIMIT_EXCEEDED');
  });

  test('who begins again and again without a proof has to wait, who goes on need not', async () => {
    const { register, client } = setUp(await engine.open(), {
      ...OPEN,
      rc_registration: { per_second: 0.1, burst_count: 2 },
    });
    const { session } = (await register({ password: 'secret' })).body;
    for (let begun = 1; begun < 10; begun++) expect((await register({})).verdict).toBe('401');
    const limited = await register({});
    expect(limited.verdict).toBe('429 M_LIMIT_EXCEEDED');
    expect(limited.headers.get('retry-after')).toBe('2');
    expect((await client('POST', REGISTER, { body: {}, ip: '10.0.0.2' })).verdict).toBe('401');
    expect((await register({ auth: { session } })).verdict).toBe('401');
    expect((await register({ auth: { ...dummy, session } })).verdict).toBe('200');
  });

  test('of two who want one name at once, one gets it', async () => {
    const { register } = setUp(await engine.open());
    const answers = await Promise.all(
      [1, 2, 3].map((n) => register({ username: 'alice', password: `${n}`, auth: dummy })),
    );
    expect(answers.map((answer) => answer.verdict).toSorted()).toEqual([
      '200',
      '400 M_USER_IN_USE',
      '400 M_USER_IN_USE',
    ]);
  });

  test('the password may come with any request of the session; the latest counts, none is a fault', async () => {
    const { register, find, accounts } = setUp(await engine.open());
    const first = await register({ username: 'alice', password: 'first' });
    const done = await register({ auth: { ...dummy, session: first.body.session } });
    expect(done.body.user_id).toBe('@alice:example.org');
    expect(await accounts.passwords.verify('first', (await find('alice'))?.passwordHash)).toBe(true);
    const second = await register({ username: 'bob', password: 'first' });
    await register({ password: 'second', auth: { ...dummy, session: second.body.session } });
    expect(await accounts.passwords.verify('second', (await find('bob'))?.passwordHash)).toBe(true);
    expect((await register({ username: 'carol', auth: dummy })).verdict).toBe('400 M_MISSING_PARAM');
    expect(await find('carol')).toBeUndefined();
  });

  test('weak passwords are refused by the configured rules', async () => {
    const policy = { enabled: true, minimum_length: 8, require_digit: true, require_uppercase: true };
    const { register } = setUp(await engine.open(), { ...OPEN, password_config: { policy } });
    const verdict = async (password: string) => (await register({ username: 'alice', password })).verdict;
    expect(await verdict('short')).toBe('400 M_PASSWORD_TOO_SHORT');
    expect(await verdict('longenough')).toBe('400 M_PASSWORD_NO_DIGIT');
    expect(await verdict('longenough1')).toBe('400 M_PASSWORD_NO_UPPERCASE');
    expect(await verdict('LongEnough1')).toBe('401');
    expect(await verdict('')).toBe('400 M_PASSWORD_TOO_SHORT');
  });

  test('nobody registers where registration is off, and guests only where they are welcome', async () => {
    const off = setUp(await engine.open(), {});
    expect((await off.register({ username: 'alice', password: 'secret', auth: dummy })).verdict).toBe(
      '403 M_FORBIDDEN',
    );
    expect((await off.register({}, '?kind=guest')).verdict).toBe('403 M_FORBIDDEN');
    expect((await off.client('GET', `${REGISTER}/available?username=a`)).verdict).toBe('403 M_FORBIDDEN');
    const on = setUp(await engine.open(), { allow_guest_access: true });
    const guest = await on.register({ username: 'alice', device_id: 'CHOSEN' }, '?kind=guest');
    expect(guest.body).toMatchObject({ user_id: expect.stringMatching(/^@\d{12}:example\.org$/) });
    expect(guest.body.device_id).not.toBe('CHOSEN');
    expect((await on.accounts.authenticator.peek(guest.body.access_token))?.isGuest).toBe(true);
    expect((await on.register({}, '?kind=admin')).status).toBe(400);
  });

  test('a guest becomes a user of the same name, by its own token only', async () => {
    const { register, accounts, find } = setUp(await engine.open(), { ...OPEN, allow_guest_access: true });
    const guest = (await register({}, '?kind=guest')).body;
    const other = (await register({}, '?kind=guest')).body;
    const username = guest.user_id.slice(1, guest.user_id.indexOf(':'));
    const body = { username, password: 'secret', auth: dummy };
    expect((await register(body)).verdict).toBe('400 M_INVALID_USERNAME');
    expect((await register({ ...body, guest_access_token: other.access_token })).verdict).toBe(
      '400 M_INVALID_USERNAME',
    );
    expect((await register({ ...body, guest_access_token: 'wrong' })).verdict).toBe('403 M_FORBIDDEN');
    const answer = await register({ ...body, guest_access_token: guest.access_token });
    expect(answer.body.user_id).toBe(guest.user_id);
    expect((await accounts.authenticator.peek(guest.access_token))?.isGuest).toBe(false);
    expect((await find(username))?.passwordHash).toStartWith('$argon2id$');
    expect((await register({ ...body, guest_access_token: guest.access_token })).verdict).toBe('403 M_FORBIDDEN');
  });

  test('only accounts that are made count against the limit', async () => {
    const { register } = setUp(await engine.open(), {
      ...OPEN,
      rc_registration: { per_second: 0.001, burst_count: 2 },
    });
    for (let round = 0; round < 5; round++) expect((await register({})).status).toBe(401);
    expect((await register({ username: 'a', password: 'secret', auth: dummy })).status).toBe(200);
    expect((await register({ username: 'b', password: 'secret', auth: dummy })).status).toBe(200);
    expect((await register({ username: 'c', password: 'secret', auth: dummy })).verdict).toBe('429 M_LIMIT_EXCEEDED');
  });

  test('the last request may be repeated by who knows the password', async () => {
    const { register } = setUp(await engine.open());
    const { session } = (await register({ username: 'alice', password: 'secret' })).body;
    const auth = { ...dummy, session };
    const first = await register({ username: 'alice', password: 'secret', auth });
    expect(first.status).toBe(200);
    const again = await register({ username: 'alice', password: 'secret', auth });
    expect(again.body.user_id).toBe('@alice:example.org');
    expect((await register({ auth })).verdict).toBe('400 M_USER_IN_USE');
    expect((await register({ password: 'wrong', auth })).verdict).toBe('403 M_FORBIDDEN');
  });

  test('addresses cannot be validated, and where they are demanded nobody registers', async () => {
    const { client } = setUp(await engine.open());
    const body = { client_secret: 'abc', email: 'a@example.org', send_attempt: 1 };
    expect((await client('POST', `${REGISTER}/email/requestToken`, { body })).verdict).toBe(
      '400 M_THREEPID_MEDIUM_NOT_SUPPORTED',
    );
    const strict = setUp(await engine.open(), { enable_registration: true, registrations_require_3pid: ['email'] });
    expect((await strict.register({ username: 'a', password: 'b', auth: dummy })).verdict).toBe('403 M_FORBIDDEN');
  });

  test('terms are agreed to before the account, and remembered', async () => {
    const { register, find } = setUp(await engine.open(), {
      ...OPEN,
      user_consent: { version: '1.2', require_at_registration: true, policy_name: 'House rules' },
    });
    const asked = await register({ username: 'alice', password: 'secret' });
    expect(asked.body.flows).toEqual([{ stages: ['m.login.terms'] }]);
    expect(asked.body.params['m.login.terms'].policies.privacy_policy).toEqual({
      version: '1.2',
      en: { name: 'House rules', url: 'https://example.org/_matrix/consent?v=1.2' },
    });
    expect((await register({ auth: { ...dummy, session: asked.body.session } })).verdict).toBe('401 M_UNRECOGNIZED');
    const done = await register({ auth: { type: 'm.login.terms', session: asked.body.session } });
    expect(done.status).toBe(200);
    expect((await find('alice'))?.consentVersion).toBe('1.2');
  });
});

forEachEngine('registration tokens', (engine) => {
  const stage = 'm.login.registration_token';

  test('a token lets as many register as it says', async () => {
    const { register, registrationTokens, find } = setUp(await engine.open(), WITH_TOKEN);
    await registrationTokens.create({ token: 'invite' }, { usesAllowed: 2, expiresTs: undefined });
    const enter = (username: string, token: string) =>
      register({ username, password: 'secret', auth: { type: stage, token } });
    const wrong = await enter('alice', 'wrong');
    expect(wrong.verdict).toBe('401 M_UNAUTHORIZED');
    expect(wrong.body.flows).toEqual([{ stages: [stage] }]);
    expect((await enter('alice', 'invite')).status).toBe(200);
    expect((await enter('bob', 'invite')).status).toBe(200);
    expect((await enter('carol', 'invite')).verdict).toBe('401 M_UNAUTHORIZED');
    expect(await find('carol')).toBeUndefined();
    expect(await registrationTokens.find('invite')).toMatchObject({ pending: 0, completed: 2 });
  });

  test('a use is held while somebody registers, and given back when they do not finish', async () => {
    const { register, registrationTokens, clock, accounts } = setUp(await engine.open(), {
      ...WITH_TOKEN,
      user_consent: { require_at_registration: true },
    });
    await registrationTokens.create({ token: 'invite' }, { usesAllowed: 1, expiresTs: undefined });
    const begun = await register({ username: 'alice', password: 'secret', auth: { type: stage, token: 'invite' } });
    expect(begun.body.completed).toEqual([stage]);
    expect(await registrationTokens.find('invite')).toMatchObject({ pending: 1, completed: 0 });
    expect(await registrationTokens.isUsable('invite')).toBe(false);
    const other = await register({ username: 'bob', password: 'secret', auth: { type: stage, token: 'invite' } });
    expect(other.verdict).toBe('401 M_UNAUTHORIZED');
    await clock.advance(49 * 3_600_000);
    await accounts.uia.sweep();
    expect(await registrationTokens.find('invite')).toMatchObject({ pending: 0, completed: 0 });
    const late = await register({ auth: { type: 'm.login.terms', session: begun.body.session } });
    expect(late.status).toBe(400);
  });

  test('of two who use the last use at once, one registers', async () => {
    const { register, registrationTokens } = setUp(await engine.open(), WITH_TOKEN);
    await registrationTokens.create({ token: 'invite' }, { usesAllowed: 1, expiresTs: undefined });
    const auth = { type: stage, token: 'invite' };
    const answers = await Promise.all(
      ['alice', 'bob', 'carol'].map((username) => register({ username, password: 'secret', auth })),
    );
    expect(answers.map((answer) => answer.status).toSorted()).toEqual([200, 401, 401]);
  });

  test('whether a token is valid can be asked', async () => {
    const { client, registrationTokens, clock } = setUp(await engine.open(), WITH_TOKEN);
    await registrationTokens.create({ token: 'brief' }, { usesAllowed: undefined, expiresTs: clock.now() + 1000 });
    const valid = async (token: string) =>
      (await client('GET', `/_matrix/client/v1/register/m.login.registration_token/validity?token=${token}`)).body
        .valid;
    expect([await valid('brief'), await valid('other'), await valid('%00')]).toEqual([true, false, false]);
    await clock.advance(1001);
    expect(await valid('brief')).toBe(false);
  });

  test('administrators make, list, change and delete tokens', async () => {
    const { registrationTokens, clock } = setUp(await engine.open(), WITH_TOKEN);
    const forever = { usesAllowed: undefined, expiresTs: undefined };
    expect((await registrationTokens.create({ length: 64 }, forever)).token).toHaveLength(64);
    await registrationTokens.create({ token: 'used_up' }, { usesAllowed: 0, expiresTs: undefined });
    expect((await registrationTokens.list(false)).map(({ token }) => token)).toEqual(['used_up']);
    expect(await registrationTokens.list()).toHaveLength(2);
    expect(await registrationTokens.update('used_up', { usesAllowed: 3 })).toMatchObject({ usesAllowed: 3 });
    expect(await registrationTokens.list(true)).toHaveLength(2);
    await registrationTokens.delete('used_up');
    const refused = [
      registrationTokens.delete('used_up'),
      registrationTokens.update('used_up', {}),
      registrationTokens.create({ token: 'no spaces' }, forever),
      registrationTokens.create({ length: 65 }, forever),
      registrationTokens.create({}, { usesAllowed: -1, expiresTs: undefined }),
      registrationTokens.create({}, { usesAllowed: undefined, expiresTs: clock.now() - 1 }),
    ];
    const codes = await Promise.all(
      refused.map((each) =>
        each.then(
          () => 'none',
          (error) => error.errcode,
        ),
      ),
    );
    expect(codes).toEqual(['M_NOT_FOUND', 'M_NOT_FOUND', ...Array(4).fill('M_INVALID_PARAM')]);
  });
});

forEachEngine('registration by others', (engine) => {
  const SECRET = 'shared';

  async function signed(client: ReturnType<typeof setUp>['client'], fields: JsonObject, secret = SECRET) {
    const { nonce } = (await client('GET', SHARED)).body;
    const { username, password, admin, user_type } = fields;
    const parts = [nonce, username, password, admin ? 'admin' : 'notadmin', ...(user_type ? [user_type] : [])];
    const mac = createHmac('sha1', secret).update(parts.join('\0')).digest('hex');
    return client('POST', SHARED, { body: { nonce, mac, ...fields } });
  }

  test('who knows the shared secret makes users and administrators, though registration is off', async () => {
    const { client, find } = setUp(await engine.open(), { registration_shared_secret: SECRET });
    const answer = await signed(client, { username: 'Root', password: 'secret', admin: true, displayname: 'The root' });
    expect(answer.body).toMatchObject({ user_id: '@root:example.org', access_token: expect.any(String) });
    expect((await find('root'))?.isAdmin).toBe(true);
    await signed(client, { username: 'bot', password: 'secret', admin: false, user_type: 'bot' });
    expect(await find('bot')).toMatchObject({ isAdmin: false, userType: 'bot' });
    expect((await signed(client, { username: 'bot', password: 'x' })).verdict).toBe('400 M_USER_IN_USE');
    expect((await signed(client, { username: 'us,er', password: 'x' })).verdict).toBe('400 M_INVALID_USERNAME');
    expect((await signed(client, { username: 'odd', password: 'x', user_type: 'odd' })).verdict).toBe('400 M_UNKNOWN');
  });

  test('nobody else does', async () => {
    const { client, clock, find } = setUp(await engine.open(), { registration_shared_secret: SECRET });
    const fields = { username: 'mallory', password: 'secret', admin: false };
    expect((await signed(client, fields, 'guessed')).verdict).toBe('403 M_FORBIDDEN');
    const { nonce } = (await client('GET', SHARED)).body;
    const sign = (parts: readonly string[]) => createHmac('sha1', SECRET).update(parts.join('\0')).digest('hex');
    const mac = sign([nonce, 'mallory', 'secret', 'notadmin']);
    const asAdmin = await client('POST', SHARED, { body: { ...fields, admin: true, nonce, mac } });
    expect(asAdmin.verdict).toBe('403 M_FORBIDDEN');
    await clock.advance(60_001);
    expect((await client('POST', SHARED, { body: { ...fields, nonce, mac } })).verdict).toBe('400 M_UNKNOWN');
    const forged = { ...fields, nonce: 'made up', mac: sign(['made up', 'mallory', 'secret', 'notadmin']) };
    expect((await client('POST', SHARED, { body: forged })).verdict).toBe('400 M_UNKNOWN');
    expect(await find('mallory')).toBeUndefined();
    const off = setUp(await engine.open(), {});
    expect((await off.client('GET', SHARED)).verdict).toBe('400 M_UNKNOWN');
  });

  test('an appservice registers users of its namespace, with or without logging them in', async () => {
    const { client, find, registered } = setUp(await engine.open(), {});
    const type = 'm.login.application_service';
    const as = (body: JsonObject, token: string | undefined = 'as_token') =>
      client('POST', REGISTER, { body: { type, ...body }, token });
    const quiet = await as({ username: '_irc_bob', inhibit_login: true });
    expect(quiet.body).toEqual({ user_id: '@_irc_bob:example.org', home_server: 'example.org' });
    expect((await find('_irc_bob'))?.appserviceId).toBe('bridge');
    expect((await as({ user: '_irc_old' })).body.access_token).toEqual(expect.any(String));
    expect((await as({ username: '_irc_bob' })).verdict).toBe('400 M_USER_IN_USE');
    expect((await as({ username: 'alice' })).verdict).toBe('400 M_EXCLUSIVE');
    expect((await as({ username: '_irc_UPPER' })).verdict).toBe('400 M_INVALID_USERNAME');
    expect((await as({ username: '_irc_eve' }, 'wrong')).verdict).toBe('401 M_UNKNOWN_TOKEN');
    expect((await client('POST', REGISTER, { body: { type, username: '_irc_eve' } })).verdict).toBe(
      '401 M_MISSING_TOKEN',
    );
    expect(registered).toEqual([]);
  });
});
