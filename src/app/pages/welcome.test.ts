import { afterAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '#platform/clock/index.ts';
import { loadConfig } from '#platform/config/index.ts';
import { createMetrics } from '#platform/metrics/index.ts';
import { openStorage } from '#platform/storage/index.ts';
import { pages } from './index.ts';
import { renderWelcome, type WelcomeFacts } from './welcome.ts';

const folder = mkdtempSync(join(tmpdir(), 'myelin-pages-'));
afterAll(() => rmSync(folder, { recursive: true }));

const page = (facts: Partial<WelcomeFacts> = {}, overrides: Parameters<typeof loadConfig>[0] = {}): string =>
  renderWelcome({ config: loadConfig(overrides), healthy: true, isFirst: false, host: 'localhost:8008', ...facts });

const MAKE_ACCOUNT = 'bin/myelin user create --admin';

test('as long as nobody has an account it says how to make the first, then how to log in', () => {
  expect(page({ isFirst: true })).toContain(MAKE_ACCOUNT);
  expect(page({ isFirst: true })).toContain('<pre>http://localhost:8008/</pre>');
  expect(page()).not.toContain(MAKE_ACCOUNT);
});

test('it says whether one can register', () => {
  const open = { enable_registration: true, enable_registration_without_verification: true };
  expect(page({}, { overrides: open })).toContain('create an account there');
  expect(page()).toContain('Accounts are made by the administrator');
});

test('a public address that is configured is told to everybody; one of this machine only to who came by it', () => {
  const publicServer = { overrides: { server_name: 'example.org', public_baseurl: 'https://matrix.example.org' } };
  expect(page({ host: '10.0.0.5:8008' }, publicServer)).toContain('<pre>https://matrix.example.org/</pre>');
  expect(page({ host: '10.0.0.5:8008' })).toContain('<pre>http://10.0.0.5:8008/</pre>');
  expect(page({ host: null })).toContain('<pre>http://localhost:8008/</pre>');
});

test('a database that does not answer is told, with what to do, and nobody is sent on', () => {
  const text = page({ healthy: false });
  expect(text).toContain('its database does not answer');
  expect(text).toContain('bin/myelin doctor');
  expect(text).not.toContain('It is healthy');
  expect(text).not.toContain('Element');
});

test('what a browser sends does not become part of the page', () => {
  const text = page({ host: '"><script>alert(1)</script>' });
  expect(text).not.toContain('<script');
  expect(text).toContain('&quot;&gt;&lt;script&gt;');
});

test('nothing is loaded from elsewhere', () => {
  for (const text of [page(), page({ isFirst: true }), page({ healthy: false })]) {
    expect(text).not.toMatch(/\bsrc=|<script|@import|url\(/);
    expect([...text.matchAll(/<link[^>]*href="([^"]*)"/g)].every(([, href]) => href?.startsWith('data:'))).toBe(true);
  }
});

test('a database that answers and cannot be written is not healthy', async () => {
  const storage = await openStorage(
    { engine: 'sqlite', path: join(folder, 'unwritable.db') },
    { migrations: [], clock: systemClock },
  );
  const failing: typeof storage = { ...storage, checkWrite: () => Promise.reject(new Error('disk full')) };
  const get = async (of: typeof storage): Promise<Response> => {
    const served = pages({
      config: loadConfig(),
      metrics: createMetrics(),
      clock: systemClock,
      storage: of,
      hasUsers: async () => true,
    });
    const info = { headers: new Headers() } as Parameters<(typeof served)[number]['handler']>[1];
    return served.find((one) => one.path === '/health')!.handler(new Request('http://localhost/health'), info);
  };
  expect((await get(storage)).status).toBe(200);
  const answer = await get(failing);
  expect([answer.status, await answer.text()]).toEqual([503, 'the database cannot be written']);
  await storage[Symbol.asyncDispose]();
});

test('over a database that is open it is 200 and /health OK; over a closed one 503', async () => {
  const storage = await openStorage(
    { engine: 'sqlite', path: join(folder, 'pages.db') },
    { migrations: [], clock: systemClock },
  );
  const served = pages({
    config: loadConfig(),
    metrics: createMetrics(),
    clock: systemClock,
    storage,
    hasUsers: async () => true,
  });
  const get = async (path: string): Promise<Response> => {
    const request = new Request(`http://localhost${path}`);
    const info = { headers: request.headers } as Parameters<(typeof served)[number]['handler']>[1];
    return served.find((one) => one.path === path)!.handler(request, info);
  };
  const welcome = await get('/');
  expect(welcome.status).toBe(200);
  expect(welcome.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(await (await get('/health')).text()).toBe('OK');
  await storage[Symbol.asyncDispose]();
  expect((await get('/')).status).toBe(503);
  expect((await get('/health')).status).toBe(503);
});

test('metrics are where Synapse has them and where Prometheus looks, if they are enabled', () => {
  const paths = (enable_metrics: boolean) =>
    pages({
      config: loadConfig({ overrides: { enable_metrics } }),
      metrics: createMetrics(),
      clock: systemClock,
      storage: {} as never,
      hasUsers: async () => true,
    }).map(({ path }) => path);
  expect(paths(true)).toEqual(['/', '/health', '/_synapse/metrics', '/metrics']);
  expect(paths(false)).toEqual(['/', '/health']);
});
