import { expect, test } from 'bun:test';
import { Type } from '@sinclair/typebox';
import { endpoint, JsonText, route } from '#api/endpoint.ts';
import { JsonObjectSchema } from '#api/schemas.ts';
import { MatrixError } from '#protocol/errors.ts';
import { loggableTarget } from './request-info.ts';
import { errorOf, testServer } from './testing.ts';

const get = endpoint({
  operationId: 'getThing',
  method: 'GET',
  path: '/v3/thing/{id}',
  aliases: ['/r0/thing/{id}'],
  auth: 'none',
  params: Type.Object({ id: Type.String() }),
  response: Type.Unknown(),
});
const put = endpoint({
  operationId: 'putThing',
  method: 'PUT',
  path: '/v3/thing/{id}',
  auth: 'user',
  params: Type.Object({ id: Type.String() }),
  body: JsonObjectSchema,
  response: Type.Unknown(),
});

const echo = () =>
  testServer([
    route(get, ({ params }) => ({ got: params.id })),
    route(put, ({ body, params }) => ({ put: params.id, body })),
  ]);

test('a path leads to its handler, as do its aliases', async () => {
  const server = echo();
  expect(await (await server.request('GET', '/v3/thing/a')).json()).toEqual({ got: 'a' });
  expect(await (await server.request('GET', '/r0/thing/b')).json()).toEqual({ got: 'b' });
});

test('an unknown path is 404, a known one with another method 405', async () => {
  const server = echo();
  expect(await errorOf(await server.request('GET', '/v3/nothing'))).toEqual([404, 'M_UNRECOGNIZED']);
  expect(await errorOf(await server.request('DELETE', '/v3/thing/a'))).toEqual([405, 'M_UNRECOGNIZED']);
  expect(await errorOf(await server.request('PATCH', '/v3/thing/a'))).toEqual([405, 'M_UNRECOGNIZED']);
  expect(await errorOf(await server.request('PUT', '/r0/thing/a'))).toEqual([405, 'M_UNRECOGNIZED']);
  expect(await errorOf(await server.request('GET', '/v3/thing/'))).toEqual([404, 'M_UNRECOGNIZED']);
});

test('a path that the listener does not serve is unknown', async () => {
  const connection = { serves: (path: string) => path.startsWith('/r0/') };
  const server = echo();
  expect((await server.request('GET', '/r0/thing/a', { connection })).status).toBe(200);
  expect((await server.request('GET', '/v3/thing/a', { connection })).status).toBe(404);
});

test('OPTIONS is 204 everywhere, with CORS headers', async () => {
  for (const path of ['/v3/thing/a', '/nowhere']) {
    const response = await echo().request('OPTIONS', path);
    expect(response.status).toBe(204);
    expect(response.headers.get('access-control-allow-origin')).toBe('*');
    expect(response.headers.get('access-control-allow-methods')).toBe('GET, HEAD, POST, PUT, DELETE, OPTIONS');
    expect(response.headers.get('access-control-allow-headers')).toContain('Authorization');
  }
});

test('every answer has CORS headers and JSON is never cached', async () => {
  const server = echo();
  for (const path of ['/v3/thing/a', '/nowhere']) {
    const { headers } = await server.request('GET', path);
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(headers.get('content-type')).toBe('application/json');
    expect(headers.get('cache-control')).toBe('no-cache, no-store, must-revalidate');
  }
});

test('HEAD answers as GET does, without a body', async () => {
  const response = await echo().request('HEAD', '/v3/thing/a');
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(await response.text()).toBe('');
});

test('a path parameter is decoded exactly once', async () => {
  const server = echo();
  const got = async (path: string): Promise<unknown> => (await server.request('GET', path)).json();
  expect(await got('/v3/thing/a%2Fb')).toEqual({ got: 'a/b' });
  expect(await got('/v3/thing/a%252Fb')).toEqual({ got: 'a%2Fb' });
  expect(await got('/v3/thing/%23room%3Aserver')).toEqual({ got: '#room:server' });
  expect(await got('/v3/thing/a+b')).toEqual({ got: 'a+b' });
  expect(await got('/v3/thing/%F0%9F%90%88')).toEqual({ got: '🐈' });
});

test('a path parameter that is no percent-encoded text is refused', async () => {
  for (const id of ['%', '%zz', '%ff', '%c3%28', 'a%00b']) {
    expect(await errorOf(await echo().request('GET', `/v3/thing/${id}`))).toEqual([400, 'M_INVALID_PARAM']);
  }
});

test('JSON text is sent as it is', async () => {
  const server = testServer([route(get, () => new JsonText('{"a":1.0}'))]);
  const response = await server.request('GET', '/v3/thing/a');
  expect(await response.text()).toBe('{"a":1.0}');
  expect(response.headers.get('content-type')).toBe('application/json');
});

test('a response is sent as it is, with CORS headers besides', async () => {
  const server = testServer([
    route(
      get,
      () =>
        new Response('x', { status: 201, headers: { 'Content-Type': 'text/x', 'Access-Control-Allow-Origin': 'a' } }),
    ),
  ]);
  const response = await server.request('GET', '/v3/thing/a');
  expect([response.status, await response.text()]).toEqual([201, 'x']);
  expect(response.headers.get('content-type')).toBe('text/x');
  expect(response.headers.get('access-control-allow-origin')).toBe('a');
  expect(response.headers.get('access-control-allow-methods')).toContain('PUT');
});

test('a redirect keeps its place and gets CORS headers', async () => {
  const server = testServer([route(get, () => Response.redirect('https://elsewhere.test/', 302))]);
  const response = await server.request('GET', '/v3/thing/a');
  expect([response.status, response.headers.get('location')]).toEqual([302, 'https://elsewhere.test/']);
  expect(response.headers.get('access-control-allow-origin')).toBe('*');
});

test('a refusal is answered with its status, body and headers', async () => {
  const server = testServer([
    route(get, () => {
      throw new MatrixError('M_UNKNOWN_TOKEN', 'Gone', { fields: { soft_logout: true }, headers: { 'X-A': 'b' } });
    }),
  ]);
  const response = await server.request('GET', '/v3/thing/a');
  expect(response.status).toBe(401);
  expect(response.headers.get('x-a')).toBe('b');
  expect(await response.json()).toEqual({ errcode: 'M_UNKNOWN_TOKEN', error: 'Gone', soft_logout: true });
});

test('a bug is 500 without detail, and logged with the id of the request', async () => {
  const server = testServer([
    route(get, () => {
      throw new TypeError('the secret of the database');
    }),
  ]);
  const response = await server.request('GET', '/v3/thing/a');
  expect(response.status).toBe(500);
  expect(await response.json()).toEqual({ errcode: 'M_UNKNOWN', error: 'Internal server error' });
  const [failed, access] = server.logs;
  expect(failed).toMatchObject({ event: 'http.failed', level: 'error', operation: 'getThing' });
  expect(JSON.stringify(failed)).toContain('the secret of the database');
  expect(access).toMatchObject({ event: 'http.request', status: 500, errcode: 'M_UNKNOWN' });
  expect(failed?.request).toBe(access?.request as string);
});

test('an answer that cannot be written is a bug like any other', async () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  const server = testServer([route(get, () => circular)]);
  expect((await server.request('GET', '/v3/thing/a')).status).toBe(500);
});

test('no answer is an empty object', async () => {
  const server = testServer([route(get, () => undefined)]);
  expect(await (await server.request('GET', '/v3/thing/a')).text()).toBe('{}');
});

test('when the client has gone the answer is 499, even if the handler never ends', async () => {
  const server = testServer([route(get, () => new Promise<never>(() => undefined))]);
  const [early, late] = [new AbortController(), new AbortController()];
  const responses = [early, late].map(({ signal }) => server.request('GET', '/v3/thing/a', { signal }));
  await Promise.resolve();
  early.abort();
  await server.clock.advance(2000);
  expect((await responses[0])?.status).toBe(499);
  late.abort();
  expect((await responses[1])?.status).toBe(499);
  expect(server.logs.at(-1)).toMatchObject({ event: 'http.request', status: 499 });
});

test('a client that went away during a short request is told apart too', async () => {
  const gone = new AbortController();
  const server = testServer([route(get, () => gone.abort())]);
  expect((await server.request('GET', '/v3/thing/a', { signal: gone.signal })).status).toBe(499);
});

test('what fails after the client has gone is not reported as a bug', async () => {
  const gone = new AbortController();
  const server = testServer([
    route(get, async ({ request }) => {
      gone.abort();
      request.signal.throwIfAborted();
    }),
  ]);
  expect((await server.request('GET', '/v3/thing/a', { signal: gone.signal })).status).toBe(499);
  await Bun.sleep(1);
  expect(server.logs.map(({ event }) => event)).toEqual(['http.request']);
});

test('long polls end when the server stops', async () => {
  const stopping = new AbortController();
  const server = testServer(
    [
      route(
        get,
        ({ request }) =>
          new Promise((resolve) => request.signal.addEventListener('abort', () => resolve({ early: true }))),
      ),
    ],
    { stopping: stopping.signal },
  );
  const response = server.request('GET', '/v3/thing/a');
  await Bun.sleep(1);
  stopping.abort();
  expect(await (await response).json()).toEqual({ early: true });
});

test('who waits without a signal is told, too, of a client that has gone and of a server that stops', async () => {
  const [stopping, gone] = [new AbortController(), new AbortController()];
  const ended: string[] = [];
  const waits = route(get, ({ params, request: { ending } }) => {
    if (ending.aborted) return { late: true };
    return new Promise<{ ended: string }>((resolve) => {
      ending.addEventListener('abort', () => {
        ended.push(params.id);
        resolve({ ended: params.id });
      });
    });
  });
  const server = testServer([waits], { stopping: stopping.signal });
  const left = server.request('GET', '/v3/thing/left', { signal: gone.signal });
  const stays = server.request('GET', '/v3/thing/stays');
  await Bun.sleep(1);
  gone.abort();
  await server.clock.advance(2000);
  expect((await left).status).toBe(499);
  expect(ended).toEqual(['left']);
  stopping.abort();
  expect(await (await stays).json()).toEqual({ ended: 'stays' });
  expect(await (await server.request('GET', '/v3/thing/new')).json()).toEqual({ late: true });
  expect(ended).toEqual(['left', 'stays']);
});

test('a request is logged in one line, without its token', async () => {
  const server = echo();
  await server.request('PUT', '/v3/thing/a?x=1&access_token=alice&y=2', { json: {}, headers: { 'User-Agent': 'ua' } });
  expect(server.logs).toHaveLength(1);
  expect(server.logs[0]).toMatchObject({
    level: 'info',
    event: 'http.request',
    method: 'PUT',
    uri: '/v3/thing/a?x=1&access_token=<redacted>&y=2',
    operation: 'putThing',
    status: 200,
    ip: '192.0.2.1',
    who: '@alice:test',
    agent: 'ua',
  });
});

test('each request has an id of its own, or the one that the proxy gave it', async () => {
  const server = echo();
  await server.request('GET', '/v3/thing/a');
  await server.request('GET', '/v3/thing/a');
  await server.request('GET', '/v3/thing/a', { connection: { requestId: 'from-proxy' } });
  const ids = server.logs.map(({ request }) => request);
  expect(new Set(ids).size).toBe(3);
  expect(ids[2]).toBe('from-proxy');
});

test('requests are counted and timed by operation and status', async () => {
  const server = echo();
  await server.request('GET', '/v3/thing/a');
  await server.request('GET', '/v3/thing/a');
  await server.request('PUT', '/v3/thing/a', { json: {} });
  await server.request('GET', '/nowhere');
  const text = await server.metrics();
  expect(text).toContain('synapse_http_server_requests_received{method="GET",servlet="getThing"} 2');
  expect(text).toContain('synapse_http_server_response_count{method="GET",servlet="getThing",code="200"} 2');
  expect(text).toContain('synapse_http_server_response_count{method="PUT",servlet="putThing",code="401"} 1');
  expect(text).toContain('synapse_http_server_response_count{method="ANY",servlet="unrecognized",code="404"} 1');
  expect(text).toContain('synapse_http_server_in_flight_requests_count{method="GET",servlet="getThing"} 0');
  expect(text).toContain(
    'synapse_http_server_response_time_seconds_bucket{method="GET",servlet="getThing",le="0.005"} 2',
  );
  expect(text).toContain('synapse_http_server_response_time_seconds_count{method="GET",servlet="getThing"} 2');
});

test('pages are served beside contracts, and can be quiet', async () => {
  const server = testServer([], {
    pages: [
      { name: 'health', method: 'GET', path: '/health', quiet: true, handler: () => new Response('OK') },
      { name: 'static', method: 'GET', path: '/static/*', handler: (_, info) => new Response(info.path) },
    ],
  });
  const health = await server.request('GET', '/health');
  expect([health.status, await health.text()]).toEqual([200, 'OK']);
  expect(health.headers.get('access-control-allow-origin')).toBe('*');
  expect(await (await server.request('GET', '/static/a/b.css')).text()).toBe('/static/a/b.css');
  expect(server.logs.map(({ level }) => level)).toEqual(['debug', 'info']);
});

test('two contracts for one path are a mistake found at start', () => {
  expect(() => testServer([route(get, () => ({})), route({ ...get, path: '/x' }, () => ({}))])).toThrow(
    'two routes for GET /r0/thing/{id}',
  );
});

test('no kind of token is logged, nor a signature', () => {
  expect(loggableTarget('/a?loginToken=x&user=h&token=y&TOKEN=z')).toBe(
    '/a?loginToken=<redacted>&user=h&token=<redacted>&TOKEN=<redacted>',
  );
  expect(loggableTarget('/_matrix/consent?u=alice&h=abc')).toBe('/_matrix/consent?u=alice&h=<redacted>');
  expect(loggableTarget('/a/token=b')).toBe('/a/token=b');
});
