import { expect, test } from 'bun:test';
import { Type } from '@sinclair/typebox';
import { type Auth, endpoint, type RateLimit, route } from '#api/endpoint.ts';
import { JsonObjectSchema } from '#api/schemas.ts';
import { errorOf, testServer } from './testing.ts';

interface Given {
  readonly guests?: boolean;
  readonly suspended?: boolean;
  readonly rateLimit?: RateLimit;
}

function serverWith(auth: Auth, given: Given = {}, options: Parameters<typeof testServer>[1] = {}) {
  const contract = endpoint({
    operationId: 'op',
    method: 'POST',
    path: '/op',
    auth,
    body: JsonObjectSchema,
    response: Type.Unknown(),
    ...given,
  });
  return testServer([route(contract, ({ requester }) => ({ who: requester ?? null }))], options);
}

const whoOf = async (response: Response): Promise<unknown> =>
  ((await response.json()) as { who: { userId?: string } | null }).who?.userId ?? null;

test('a token may stand in the header or in the query string', async () => {
  const server = serverWith('user');
  expect(await whoOf(await server.request('POST', '/op', { token: 'alice' }))).toBe('@alice:test');
  expect(await whoOf(await server.request('POST', '/op?access_token=alice'))).toBe('@alice:test');
  expect(await whoOf(await server.request('POST', '/op', { headers: { authorization: 'bearer alice' } }))).toBe(
    '@alice:test',
  );
});

test('no token, a malformed one, or two of them are M_MISSING_TOKEN', async () => {
  const server = serverWith('user');
  expect(await errorOf(await server.request('POST', '/op'))).toEqual([401, 'M_MISSING_TOKEN']);
  expect(await errorOf(await server.request('POST', '/op?access_token='))).toEqual([401, 'M_MISSING_TOKEN']);
  for (const authorization of ['alice', 'Bearer', 'Bearer ', 'Basic alice', 'Bearer a b']) {
    const response = await server.request('POST', '/op', { headers: { authorization } });
    expect(await errorOf(response)).toEqual([401, 'M_MISSING_TOKEN']);
  }
  const both = await server.request('POST', '/op?access_token=alice', { token: 'alice' });
  expect(await errorOf(both)).toEqual([401, 'M_MISSING_TOKEN']);
});

test('an unknown token is what the authenticator says', async () => {
  expect(await errorOf(await serverWith('user').request('POST', '/op', { token: 'eve' }))).toEqual([
    401,
    'M_UNKNOWN_TOKEN',
  ]);
});

test('guests may do only what says so', async () => {
  const refused = await serverWith('user').request('POST', '/op', { token: 'guest' });
  expect(await errorOf(refused)).toEqual([403, 'M_GUEST_ACCESS_FORBIDDEN']);
  expect((await serverWith('user', { guests: true }).request('POST', '/op', { token: 'guest' })).status).toBe(200);
});

test('suspended accounts may do only what says so', async () => {
  const refused = await serverWith('user').request('POST', '/op', { token: 'suspended' });
  expect(await errorOf(refused)).toEqual([403, 'M_USER_SUSPENDED']);
  expect((await serverWith('user', { suspended: true }).request('POST', '/op', { token: 'suspended' })).status).toBe(
    200,
  );
});

test('administration is for administrators', async () => {
  const server = serverWith('admin');
  expect(await errorOf(await server.request('POST', '/op', { token: 'alice' }))).toEqual([403, 'M_FORBIDDEN']);
  expect(await errorOf(await server.request('POST', '/op'))).toEqual([401, 'M_MISSING_TOKEN']);
  expect((await server.request('POST', '/op', { token: 'admin' })).status).toBe(200);
});

test('where logging in is optional, nobody is fine and a wrong token is not', async () => {
  const server = serverWith('optional');
  expect(await whoOf(await server.request('POST', '/op'))).toBeNull();
  expect(await whoOf(await server.request('POST', '/op', { token: 'alice' }))).toBe('@alice:test');
  expect((await server.request('POST', '/op', { token: 'eve' })).status).toBe(401);
});

test('where nobody logs in, tokens are not looked at', async () => {
  expect((await serverWith('none').request('POST', '/op', { token: 'eve' })).status).toBe(200);
});

test('another server is told by what it signed: method, URI as sent, and content', async () => {
  const server = serverWith('server');
  const response = await server.request('POST', '/op?a=%41', { body: '{"b": 1.0}' });
  expect(await response.json()).toEqual({ who: { origin: 'origin.test' } });
  expect(server.signed[0]).toMatchObject({ method: 'POST', uri: '/op?a=%41', content: { b: 1 } });
  expect(server.signed[0]?.request.bodyText).toBe('{"b": 1.0}');
  expect(server.logs[0]).toMatchObject({ who: 'origin.test' });
});

test('an appservice is told by its token', async () => {
  const server = serverWith('appservice');
  expect(await (await server.request('POST', '/op', { token: 'x' })).json()).toEqual({ who: { appserviceId: 'irc' } });
  expect((await server.request('POST', '/op')).status).toBe(401);
});

test('a rate limit holds for each user, and tells when to try again', async () => {
  const server = serverWith('user', { rateLimit: 'rc_message' });
  for (let i = 0; i < 10; i++) expect((await server.request('POST', '/op', { token: 'alice' })).status).toBe(200);
  const refused = await server.request('POST', '/op', { token: 'alice' });
  expect(refused.status).toBe(429);
  expect(refused.headers.get('retry-after')).toBe('5');
  expect(await refused.json()).toMatchObject({ errcode: 'M_LIMIT_EXCEEDED', retry_after_ms: 5000 });
  expect((await server.request('POST', '/op', { token: 'admin' })).status).toBe(200);
  await server.clock.advance(5000);
  expect((await server.request('POST', '/op', { token: 'alice' })).status).toBe(200);
});

test('a rate limit holds for each address where nobody is logged in', async () => {
  const server = serverWith('none', { rateLimit: 'rc_3pid_validation' });
  const from = async (ip: string) => (await server.request('POST', '/op', { connection: { ip } })).status;
  for (let i = 0; i < 5; i++) expect(await from('192.0.2.1')).toBe(200);
  expect(await from('192.0.2.1')).toBe(429);
  expect(await from('192.0.2.2')).toBe(200);
});

test('a limit of their own frees users and appservices', async () => {
  const server = serverWith(
    'user',
    { rateLimit: 'rc_message' },
    { overrideOf: ({ appserviceId }) => (appserviceId === 'irc' ? { perSecond: 0, burstCount: 0 } : undefined) },
  );
  for (let i = 0; i < 30; i++) expect((await server.request('POST', '/op', { token: 'bridge' })).status).toBe(200);
});

test('a registration is refused when there were too many, but asking does not count', async () => {
  const server = serverWith('none', { rateLimit: 'rc_registration' });
  for (let i = 0; i < 20; i++) expect((await server.request('POST', '/op')).status).toBe(200);
});
