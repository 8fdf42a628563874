/** Access tokens that are missing, forged, ended or in the wrong place: to every endpoint that wants one, nothing happens. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Answer, type ComposedServer, composedServer, type Sent } from '../contracts/composed-server.ts';
import { goodBody, goodTarget } from './hostile-requests.ts';
import { type Scene, setScene } from './scene.ts';

const folder = mkdtempSync(join(tmpdir(), 'myelin-tokens-'));
let server: ComposedServer;
let scene: Scene;
/** Of sessions that have been ended. */
const ended: string[] = [];

beforeAll(async () => {
  server = await composedServer({ engine: 'sqlite', path: join(folder, 'tokens.db') });
  scene = await setScene(server);
  const [left, gone] = [await server.user('left'), await server.user('gone')];
  await server.send('POST', '/_matrix/client/v3/logout', { token: left.token });
  await server.parts.accounts.lifecycle.deactivate(gone.userId, { erase: false });
  ended.push(left.token, gone.token);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const verdict = ({ status, json }: Answer): string => `${status} ${json.errcode}`;

/** What every endpoint with one of these kinds of `auth` answers, and that it writes nothing. */
async function answersOf(kinds: readonly string[], sent: Sent, query = ''): Promise<Record<string, string[]>> {
  const written = server.writes.length;
  const answers: Record<string, string[]> = {};
  for (const { endpoint } of server.parts.routes.filter((route) => kinds.includes(route.endpoint.auth))) {
    const target = goodTarget(endpoint, scene.known);
    const asked = query === '' ? target : `${target}${target.includes('?') ? '&' : '?'}${query}`;
    const answer = await server.send(endpoint.method, asked, { body: goodBody(endpoint, scene.known), ...sent });
    answers[verdict(answer)] ??= [];
    answers[verdict(answer)]?.push(endpoint.operationId);
  }
  expect(server.writes.slice(written)).toEqual([]);
  expect(server.errors).toEqual([]);
  return answers;
}

describe('an endpoint for users', () => {
  const MISSING: readonly (readonly [string, Sent, string])[] = [
    ['no token', {}, ''],
    ['an empty token in the query', {}, 'access_token='],
    ['an empty header', { headers: { authorization: '' } }, ''],
    ['a header without token', { headers: { authorization: 'Bearer' } }, ''],
    ['a password', { headers: { authorization: 'Basic bWFsbG9yeTpwYXNzd29yZA==' } }, ''],
    ['two tokens in the header', { headers: { authorization: 'Bearer a b' } }, ''],
    ['tokens in header and query', { token: 'a' }, 'access_token=a'],
    ['the signature of a server', { headers: { authorization: 'X-Matrix origin="a",key="ed25519:1",sig="x"' } }, ''],
  ];
  test.each(MISSING)('is not to be had with %s', async (_name, sent, query) => {
    expect(Object.keys(await answersOf(['user', 'admin'], sent, query))).toEqual(['401 M_MISSING_TOKEN']);
  });

  const FORGED: readonly (readonly [string, () => string])[] = [
    ['made up', () => 'made-up'],
    ['like ours but another', () => `${scene.user.token.slice(0, -4)}AAAA`],
    ['cut short', () => scene.user.token.slice(0, -1)],
    ['ours and more', () => `${scene.user.token}x`],
    ['in the wrong case', () => swapCase(scene.user.token)],
    ['very long', () => 'x'.repeat(7_000)],
    ['like a number', () => '1'],
    ['__proto__', () => '__proto__'],
    ['of a session that was logged out', () => ended[0] ?? ''],
    ['of an account that is no more', () => ended[1] ?? ''],
  ];
  test.each(FORGED)('is not to be had with a token %s', async (_name, token) => {
    const kinds = ['user', 'admin', 'optional'];
    expect(Object.keys(await answersOf(kinds, { token: token() }))).toEqual(['401 M_UNKNOWN_TOKEN']);
  });

  test('is not to be had with a forged token in the query', async () => {
    const answers = await answersOf(['user', 'admin', 'optional'], {}, 'access_token=%00%ff%ed%a0%80made-up');
    expect(Object.keys(answers)).toEqual(['401 M_UNKNOWN_TOKEN']);
  });
});

test('an endpoint for administrators is for nobody else', async () => {
  const answers = await answersOf(['admin'], { token: scene.user.token });
  expect(Object.keys(answers)).toEqual(['403 M_FORBIDDEN']);
});

test('a refresh token is no access token, and neither is a login token', async () => {
  const login = await server.parts.accounts.sessions.start({ userId: scene.other.userId, refreshable: true });
  expect(login.refreshToken).toBeString();
  const answers = await answersOf(['user'], { token: login.refreshToken ?? '' });
  expect(Object.keys(answers)).toEqual(['401 M_UNKNOWN_TOKEN']);
});

const swapCase = (text: string): string =>
  [...text].map((letter) => (letter === letter.toLowerCase() ? letter.toUpperCase() : letter.toLowerCase())).join('');
