import { afterEach, expect, test } from 'bun:test';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { systemClock } from '#platform/clock/index.ts';
import { type ListenerConfig, RATE_LIMIT_DEFAULTS, type TlsConfig } from '#platform/config/index.ts';
import { createHttpHandler, createRateLimits, type HttpHandler } from '#platform/http/index.ts';
import { createLog, silentLog } from '#platform/log/index.ts';
import { createMetrics } from '#platform/metrics/index.ts';
import { systemRandom } from '#platform/random/index.ts';
import { type HttpServer, listen } from './http-server.ts';
import { certificateOne, certificateTwo, type TestCertificate } from './testing-certificates.ts';

const folder = mkdtempSync(join(tmpdir(), 'http-server-'));
const servers: HttpServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop(0)));
});

const LISTENER: ListenerConfig = {
  type: 'http',
  address: { port: 0, bindAddresses: ['127.0.0.1'] },
  tls: false,
  xForwarded: false,
  requestIdHeader: undefined,
  resources: ['client'],
  tag: undefined,
};
const NO_TLS: TlsConfig = { certificatePath: undefined, privateKeyPath: undefined };

async function start(handler: HttpHandler, listener: Partial<ListenerConfig> = {}, tls = NO_TLS): Promise<HttpServer> {
  const listeners = [{ ...LISTENER, ...listener }];
  const server = await listen({ listeners, tls, handler, log: silentLog, clock: systemClock });
  servers.push(server);
  return server;
}

const urlOf = (server: HttpServer): string => server.addresses[0] ?? '';
const tellIp: HttpHandler = async (_, { ip }) => new Response(ip);
const ok: HttpHandler = async () => new Response('ok');

test('a request comes with the address of the client', async () => {
  const url = urlOf(await start(tellIp));
  expect(await (await fetch(url)).text()).toBe('127.0.0.1');
  expect(await (await fetch(url, { headers: { 'X-Forwarded-For': '192.0.2.7' } })).text()).toBe('127.0.0.1');
});

test('a proxy is believed only where the listener says so', async () => {
  const url = urlOf(await start(tellIp, { xForwarded: true }));
  const told = async (forwarded: string): Promise<string> =>
    (await fetch(url, { headers: { 'X-Forwarded-For': forwarded } })).text();
  expect(await told('192.0.2.7')).toBe('192.0.2.7');
  expect(await told('192.0.2.7, 10.0.0.1')).toBe('192.0.2.7');
  expect(await told('2001:db8::1')).toBe('2001:db8::1');
  expect(await told('[2001:db8::1]:443')).toBe('2001:db8::1');
  expect(await told('::ffff:192.0.2.8')).toBe('192.0.2.8');
  expect(await told('unknown')).toBe('127.0.0.1');
});

test('the id of a request is taken from the header that the listener names, if it is fit to be logged', async () => {
  const handler: HttpHandler = async (_, { requestId }) => new Response(requestId ?? 'none');
  const url = urlOf(await start(handler, { requestIdHeader: 'X-Request-ID' }));
  expect(await (await fetch(url, { headers: { 'X-Request-ID': 'abc-1' } })).text()).toBe('abc-1');
  expect(await (await fetch(url, { headers: { 'X-Request-ID': 'a b{' } })).text()).toBe('none');
  expect(await (await fetch(url)).text()).toBe('none');
});

test('a listener serves the paths of its resources', async () => {
  const handler: HttpHandler = async (_, { serves }) =>
    Response.json(
      ['/_matrix/client/v3/sync', '/_matrix/federation/v1/send/1', '/_synapse/metrics', '/health'].map((p) =>
        serves?.(p),
      ),
    );
  expect(await (await fetch(urlOf(await start(handler)))).json()).toEqual([true, false, false, true]);
  const federation = await start(handler, { resources: ['federation', 'metrics'] });
  expect(await (await fetch(urlOf(federation))).json()).toEqual([false, true, true, true]);
});

test('one that listens on all addresses of both families answers on both', async () => {
  const server = await start(tellIp, { address: { port: await freePort(), bindAddresses: ['::', '0.0.0.0'] } });
  const port = new URL(urlOf(server)).port;
  expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('127.0.0.1');
});

test('a port that is taken is an error that names it', async () => {
  const taken = await start(ok);
  const port = Number(new URL(urlOf(taken)).port);
  await expect(start(ok, { address: { port, bindAddresses: ['127.0.0.1'] } })).rejects.toThrow(
    `cannot listen on 127.0.0.1 port ${port}`,
  );
});

test('a unix socket has its mode, replaces a stale one, and is removed at the end', async () => {
  const path = join(folder, 'a.sock');
  await leaveStaleSocket(path);
  const server = await start(tellIp, { address: { unixSocket: path, mode: 0o660 }, xForwarded: true });
  expect(statSync(path).mode & 0o777).toBe(0o660);
  const response = await fetch('http://unix/', { unix: path, headers: { 'X-Forwarded-For': '192.0.2.9' } });
  expect(await response.text()).toBe('192.0.2.9');
  await server.stop(0);
  expect(existsSync(path)).toBe(false);
});

test('a body larger than what Bun takes by default reaches the handler as a stream', async () => {
  const count: HttpHandler = async (request) => {
    let bytes = 0;
    for await (const chunk of request.body ?? []) bytes += chunk.byteLength;
    return new Response(String(bytes));
  };
  const url = urlOf(await start(count));
  const sizeBytes = 130 * 1024 ** 2;
  expect(await (await fetch(url, { method: 'POST', body: new Uint8Array(sizeBytes) })).text()).toBe(String(sizeBytes));
});

test('an answer may come before the body has been read', async () => {
  const url = urlOf(await start(async () => new Response('no', { status: 401 })));
  const body = new Uint8Array(5 * 1024 ** 2);
  expect((await fetch(url, { method: 'POST', body })).status).toBe(401);
  expect((await fetch(url, { method: 'POST', body })).status).toBe(401);
});

test('the handler learns that the client has gone', async () => {
  const gone = Promise.withResolvers<string>();
  const url = urlOf(
    await start(async (request) => {
      await new Promise((resolve) => request.signal.addEventListener('abort', resolve));
      gone.resolve('gone');
      return new Response(null, { status: 499 });
    }),
  );
  const client = new AbortController();
  const request = fetch(url, { signal: client.signal }).catch(() => undefined);
  await Bun.sleep(50);
  client.abort();
  expect(await gone.promise).toBe('gone');
  await request;
});

test('a request whose handler never ends is given up when its client has gone', async () => {
  const lines: string[] = [];
  const page = { name: 'stuck', method: 'GET', path: '/', handler: () => new Promise<never>(() => undefined) } as const;
  const log = createLog({ sink: { write: (line) => void lines.push(line) } });
  const server = await start(
    createHttpHandler({
      routes: [],
      pages: [page],
      authenticate: { user: unused, appservice: unused, server: unused },
      rateLimits: createRateLimits({ limits: RATE_LIMIT_DEFAULTS, clock: systemClock }),
      log,
      metrics: createMetrics(),
      clock: systemClock,
      random: systemRandom,
    }),
  );
  const client = new AbortController();
  const request = fetch(urlOf(server), { signal: client.signal }).catch(() => undefined);
  await Bun.sleep(50);
  client.abort();
  await request;
  for (let i = 0; i < 50 && lines.length === 0; i++) await Bun.sleep(100);
  expect(JSON.parse(lines[0] ?? '{}')).toMatchObject({ event: 'http.request', operation: 'stuck', status: 499 });
});

const unused = (): never => {
  throw new Error('nobody logs in here');
};

test('stopping lets running requests finish and accepts no more', async () => {
  const running = Promise.withResolvers<void>();
  const server = await start(async () => {
    running.resolve();
    await Bun.sleep(200);
    return new Response('finished');
  });
  const request = fetch(urlOf(server)).then((response) => response.text());
  await running.promise;
  const stopped = server.stop(5000);
  await expect(fetch(urlOf(server))).rejects.toThrow();
  expect(await request).toBe('finished');
  await stopped;
});

test('stopping waits no longer than told', async () => {
  const running = Promise.withResolvers<void>();
  const server = await start(async () => {
    running.resolve();
    await Bun.sleep(60_000);
    return new Response('late');
  });
  const request = fetch(urlOf(server)).then(
    () => 'answered',
    () => 'cut off',
  );
  await running.promise;
  const startedMs = performance.now();
  await server.stop(100);
  expect(performance.now() - startedMs).toBeLessThan(5000);
  expect(await request).toBe('cut off');
});

test('a connection without a request is no reason to wait when stopping', async () => {
  const server = await start(ok);
  const socket = connect(Number(new URL(urlOf(server)).port), '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  const startedMs = performance.now();
  await server.stop(10_000);
  expect(performance.now() - startedMs).toBeLessThan(5000);
  socket.destroy();
});

test('TLS serves the certificate, and a new one after a reload, on the same port', async () => {
  const tls = { certificatePath: join(folder, 'tls.crt'), privateKeyPath: join(folder, 'tls.key') };
  lay(tls, certificateOne);
  const server = await start(ok, { tls: true }, tls);
  const port = Number(new URL(urlOf(server)).port);
  expect(urlOf(server)).toStartWith('https://');
  expect(await commonName(port)).toBe('one.test');
  const response = await fetch(urlOf(server), { tls: { rejectUnauthorized: false } });
  expect(await response.text()).toBe('ok');

  lay(tls, certificateTwo);
  await server.reloadTls();
  expect(await commonName(port)).toBe('two.test');

  writeFileSync(tls.certificatePath, 'broken');
  await expect(server.reloadTls()).rejects.toThrow();
  expect(await commonName(port)).toBe('two.test');
});

function lay(paths: { certificatePath: string; privateKeyPath: string }, { certificate, key }: TestCertificate): void {
  writeFileSync(paths.certificatePath, certificate);
  writeFileSync(paths.privateKeyPath, key);
}

function commonName(port: number): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().subject.CN as string);
      socket.destroy();
    });
    socket.on('error', reject);
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** What a killed process leaves behind. */
async function leaveStaleSocket(path: string): Promise<void> {
  const script = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  await Bun.spawn(['node', '-e', script]).exited;
  expect(statSync(path).isSocket()).toBe(true);
}

process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
