import { expect, test } from 'bun:test';
import { SERVER_NAME, testAccounts } from '#accounts/test-accounts.ts';
import type { Storage } from '#platform/storage/index.ts';
import { MatrixError } from '#protocol/errors.ts';
import type { JsonObject } from '#protocol/json.ts';
import { forEachEngine } from '#test/storage.ts';
import { authPagesFeature } from './index.ts';

const REGISTER = { method: 'POST', path: '/_matrix/client/v3/register', ip: '10.0.0.1', userAgent: 'test' };
const POLICIES = {
  privacy: { version: '1', en: { name: 'Privacy <Policy>', url: 'https://example.org/p?a=1&b="2"' } },
  rules: { version: '1', de: { name: 'Regeln', url: 'https://example.org/regeln' } },
};

function setUp(storage: Storage) {
  const world = testAccounts(storage);
  const { uia } = world.accounts;
  uia.addStage({
    type: 'm.login.terms',
    params: () => ({ policies: POLICIES }),
    verify: async () => ({ result: {} }),
  });
  uia.addStage({
    type: 'm.login.registration_token',
    async verify({ auth: { token } }) {
      if (token === 'good') return { result: { token } };
      throw new MatrixError('M_UNAUTHORIZED', 'Invalid <token>', { status: 401 });
    },
  });
  const { routes, pages } = authPagesFeature({ accounts: world.accounts, serverName: SERVER_NAME });
  const client = world.client(routes, pages);
  const run = (stages: readonly string[], auth?: JsonObject) =>
    uia
      .run({ request: REGISTER, auth, flows: [stages], clientDict: { username: 'alice' } })
      .then((result) => ({ result, told: undefined }))
      .catch((error: MatrixError) => ({ result: undefined, told: error.fields }));
  const begin = async (...stages: string[]) => String((await run(stages)).told?.session);
  const address = (type: string, session: string, version = 'v3') =>
    `/_matrix/client/${version}/auth/${type}/fallback/web?session=${encodeURIComponent(session)}`;
  return {
    ...world,
    run,
    begin,
    page: (type: string, session: string, version?: string) => client('GET', address(type, session, version)),
    send: (type: string, session: string, form: Record<string, string>) =>
      client('POST', address(type, session), { body: new URLSearchParams(form).toString() }),
    client,
  };
}

forEachEngine('pages for authentication', (engine) => {
  test('a token given on the page completes the stage, and the client is told', async () => {
    const { begin, page, send, run } = setUp(await engine.open());
    const type = 'm.login.registration_token';
    const session = await begin(type);
    const form = await page(type, session);
    expect([form.status, form.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(form.body).toContain('<label for="token">');
    expect(form.body).not.toContain('<script');
    const done = await send(type, session, { token: ' good ' });
    expect(done.status).toBe(200);
    expect(done.body).toContain('window.onAuthDone();');
    expect(done.body).toContain('window.opener.postMessage("authDone", "*");');
    expect((await run([type], { session })).result?.completed.get(type)).toEqual({ token: 'good' });
  });

  test('a wrong token can be tried again, and what the stage says becomes no markup', async () => {
    const { begin, send, run } = setUp(await engine.open());
    const type = 'm.login.registration_token';
    const session = await begin(type);
    const again = await send(type, session, { token: 'bad' });
    expect(again.status).toBe(400);
    expect(again.body).toContain('role="alert">Invalid &lt;token&gt;.</p>');
    expect(again.body).toContain('<form method="post">');
    expect((await run([type], { session })).told?.completed).toEqual([]);
  });

  test('terms name every policy, in the language there is, and all have to be agreed to', async () => {
    const { begin, page, send, run } = setUp(await engine.open());
    const session = await begin('m.login.terms');
    const { body } = await page('m.login.terms', session);
    expect(body).toContain('href="https://example.org/p?a=1&amp;b=&quot;2&quot;"');
    expect(body).toContain('Privacy &lt;Policy&gt;');
    expect(body).toContain('Regeln');
    expect((await send('m.login.terms', session, { policy: 'privacy' })).status).toBe(400);
    expect((await run(['m.login.terms'], { session })).told?.completed).toEqual([]);
  });

  test('agreeing to all terms completes the stage, also a second time', async () => {
    const { begin, client, page, run } = setUp(await engine.open());
    const session = await begin('m.login.terms', 'm.login.dummy');
    const address = `/_matrix/client/r0/auth/m.login.terms/fallback/web?session=${session}`;
    for (const _ of [1, 2]) {
      const done = await client('POST', address, { body: 'policy=privacy&policy=rules' });
      expect([done.status, done.body.includes('authDone')]).toEqual([200, true]);
    }
    expect((await page('m.login.terms', session, 'unstable')).body).toContain('authDone');
    expect((await run(['m.login.terms', 'm.login.dummy'], { session })).told?.completed).toEqual(['m.login.terms']);
  });

  test('a password proves only who is logged in', async () => {
    const { accounts, send, user } = setUp(await engine.open());
    const alice = await user('alice', { password: 'secret' });
    await user('bob', { password: 'secret' });
    const requester = await accounts.authenticator.peek(alice.token);
    const ask = (auth?: JsonObject) =>
      accounts.uia
        .run({ request: REGISTER, requester, auth, clientDict: {} })
        .then((result) => ({ result, session: '' }))
        .catch((error: MatrixError) => ({ result: undefined, session: String(error.fields.session) }));
    const { session } = await ask();
    const type = 'm.login.password';
    expect((await send(type, session, { user: 'alice', password: 'wrong' })).body).toContain('Invalid password.');
    expect((await send(type, session, { user: 'bob', password: 'secret' })).body).toContain('another user’s');
    expect((await send(type, session, {})).status).toBe(400);
    expect((await ask({ session })).result).toBeUndefined();
    expect((await send(type, session, { user: 'alice', password: 'secret' })).status).toBe(200);
    expect((await ask({ session })).result?.userId).toBe(alice.userId);
  });

  test('what is unknown is told as a page', async () => {
    const { begin, client, page, send } = setUp(await engine.open());
    const session = await begin('m.login.dummy');
    for (const answer of [
      await page('m.login.dummy', 'no-such-session'),
      await page('m.login.sso', session),
      await page('<b>', session),
      await client('GET', '/_matrix/client/v3/auth/m.login.dummy/fallback/web'),
      await send('m.login.dummy', 'no-such-session', {}),
    ]) {
      expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8']);
      expect(answer.body).toContain('role="alert"');
    }
    expect((await page('m.login.dummy', 'a\0b')).status).toBe(400);
    expect((await send('m.login.dummy', session, { x: 'a\0b' })).status).toBe(400);
    expect((await send('m.login.dummy', session, { x: 'y'.repeat(20_000) })).status).toBe(413);
  });

  test('the page that logs in asks this server alone', async () => {
    const { client } = setUp(await engine.open());
    for (const path of ['/_matrix/static/client/login', '/_matrix/static/client/login/?device_id=X']) {
      const { status, body, headers } = await client('GET', path);
      expect(status).toBe(200);
      expect(body).toContain('Log in to example.org');
      expect(body).toContain('window.matrixLogin.onLogin(answer)');
      expect(headers.get('content-security-policy')).toContain("connect-src 'self'");
    }
  });
});
