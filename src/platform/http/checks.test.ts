import { describe, expect, test } from 'bun:test';
import { type TObject, type TSchema, Type } from '@sinclair/typebox';
import { endpoint, route } from '#api/endpoint.ts';
import { JsonObjectSchema, JsonValueSchema, UserIdSchema } from '#api/schemas.ts';
import { errorOf, testServer } from './testing.ts';

const posting = (body: TSchema, auth: 'none' | 'server' = 'none') =>
  testServer(
    [
      route(
        endpoint({ operationId: 'op', method: 'POST', path: '/op', auth, body, response: Type.Unknown() }),
        ({ body: got, request }) => ({ got, text: request.bodyText }),
      ),
    ],
    { maxBodyBytes: 1000 },
  );

const querying = (query: TObject) =>
  testServer([
    route(
      endpoint({ operationId: 'op', method: 'GET', path: '/op', auth: 'none', query, response: Type.Unknown() }),
      ({ query: got }) => got,
    ),
  ]);

const NAMED = Type.Object({
  name: Type.String(),
  count: Type.Optional(Type.Integer()),
  inner: Type.Optional(Type.Object({ 'a/b': Type.String() })),
});

async function bodyError(schema: TSchema, body: BodyInit | undefined): Promise<readonly unknown[]> {
  const response = await posting(schema).request('POST', '/op', body === undefined ? {} : { body });
  const { errcode, error } = (await response.json()) as { errcode: string; error: string };
  return [response.status, errcode, error];
}

async function stream(...chunks: (string | Uint8Array)[]): Promise<ReadableStream<Uint8Array>> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(typeof chunk === 'string' ? encoder.encode(chunk) : chunk);
      controller.close();
    },
  });
}

describe('bodies', () => {
  test('reach the handler unchanged, with their text', async () => {
    const body = '{"name":"x", "unknown":{"k":[1.0]}}';
    const response = await posting(NAMED).request('POST', '/op', { body });
    expect(await response.json()).toEqual({ got: { name: 'x', unknown: { k: [1] } }, text: body });
  });

  test('that lack a key are M_MISSING_PARAM, naming it', async () => {
    expect(await bodyError(NAMED, '{}')).toEqual([400, 'M_MISSING_PARAM', "Missing key: 'name'"]);
    expect(await bodyError(NAMED, '{"name":"x","inner":{}}')).toEqual([
      400,
      'M_MISSING_PARAM',
      "Missing key: 'inner.a/b'",
    ]);
  });

  test('with a value of the wrong type are M_BAD_JSON, naming the key', async () => {
    expect(await bodyError(NAMED, '{"name":5}')).toEqual([400, 'M_BAD_JSON', "'name' must be string"]);
    expect(await bodyError(NAMED, '{"name":"x","count":1.5}')).toEqual([400, 'M_BAD_JSON', "'count' must be integer"]);
    expect(await bodyError(Type.Object({ u: UserIdSchema }), '{"u":"alice"}')).toEqual([
      400,
      'M_BAD_JSON',
      "'u' is not a valid user id",
    ]);
    const choice = Type.Object({ v: Type.Union([Type.Literal('public'), Type.Literal('private')]) });
    expect(await bodyError(choice, '{"v":"x"}')).toEqual([400, 'M_BAD_JSON', "'v' must be one of public, private"]);
  });

  test.each(['[]', '"x"', '1', 'null', 'true'])(
    'that are %s where an object is wanted are M_BAD_JSON',
    async (body) => {
      expect((await bodyError(JsonObjectSchema, body)).slice(0, 2)).toEqual([400, 'M_BAD_JSON']);
    },
  );

  test.each(['{', 'x', "{'a':1}", '{"a":NaN}', '{"a":1}x', '\uFEFF{}', '{"a":"\n"}'])(
    '%j is M_NOT_JSON',
    async (body) => {
      expect((await bodyError(JsonObjectSchema, body)).slice(0, 2)).toEqual([400, 'M_NOT_JSON']);
    },
  );

  test('that are not UTF-8 are M_NOT_JSON', async () => {
    for (const bytes of [
      [0x22, 0xff, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
      [0xff, 0xfe, 0x7b, 0x00, 0x7d, 0x00],
    ]) {
      expect((await bodyError(JsonValueSchema, new Uint8Array(bytes))).slice(0, 2)).toEqual([400, 'M_NOT_JSON']);
    }
  });

  test('may be left out where no key is required, and only there', async () => {
    const optional = Type.Object({ a: Type.Optional(Type.String()) });
    expect(await (await posting(optional).request('POST', '/op')).json()).toEqual({ got: {}, text: '' });
    expect(await (await posting(JsonObjectSchema).request('POST', '/op')).json()).toEqual({ got: {}, text: '' });
    expect((await bodyError(NAMED, undefined)).slice(0, 2)).toEqual([400, 'M_NOT_JSON']);
  });

  test('are not looked at where the contract has none', async () => {
    const response = await posting(Type.Undefined()).request('POST', '/op', { body: 'not json' });
    expect(response.status).toBe(200);
  });

  test('that are too large are refused, whether they say so or not', async () => {
    const body = `{"a":"${'x'.repeat(1000)}"}`;
    const headers = { 'content-length': String(body.length) };
    const server = posting(JsonObjectSchema);
    expect(await errorOf(await server.request('POST', '/op', { body, headers }))).toEqual([413, 'M_TOO_LARGE']);
    const half = body.slice(0, 600);
    expect(await errorOf(await server.request('POST', '/op', { body: await stream(half, half) }))).toEqual([
      413,
      'M_TOO_LARGE',
    ]);
    expect((await server.request('POST', '/op', { body: await stream('{"a":', '1}') })).status).toBe(200);
  });

  test('that are nested too deep are refused and hurt nobody', async () => {
    const server = testServer([
      route(
        endpoint({
          operationId: 'op',
          method: 'POST',
          path: '/op',
          auth: 'none',
          body: JsonValueSchema,
          response: Type.Unknown(),
        }),
        () => ({}),
      ),
    ]);
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
    expect((await server.request('POST', '/op', { body: nested(256) })).status).toBe(200);
    expect(await errorOf(await server.request('POST', '/op', { body: nested(257) }))).toEqual([400, 'M_BAD_JSON']);
    expect(await errorOf(await server.request('POST', '/op', { body: nested(1_000_000) }))).toEqual([
      400,
      'M_BAD_JSON',
    ]);
    const inString = JSON.stringify({ a: `${'['.repeat(600)}\\"`, b: '\\'.repeat(600) });
    expect((await server.request('POST', '/op', { body: inString })).status).toBe(200);
  });

  test('with U+0000 or half a surrogate pair are refused where keys are stored one by one', async () => {
    for (const name of ['a\\u0000b', '\\ud800', '\\udc00x']) {
      expect((await bodyError(NAMED, `{"name":"${name}"}`)).slice(0, 2)).toEqual([400, 'M_BAD_JSON']);
    }
    expect((await bodyError(NAMED, '{"name":"x","\\u0000":1}')).slice(0, 2)).toEqual([400, 'M_BAD_JSON']);
    for (const name of ['\\\\u0000', '\\ud83d\\ude00', '😀']) {
      expect((await posting(NAMED).request('POST', '/op', { body: `{"name":"${name}"}` })).status).toBe(200);
    }
  });

  test('of open-ended content and of other servers may hold any text', async () => {
    const body = '{"name":"\\u0000\\ud800"}';
    expect((await posting(JsonObjectSchema).request('POST', '/op', { body })).status).toBe(200);
    expect((await posting(NAMED, 'server').request('POST', '/op', { body })).status).toBe(200);
  });

  test('with __proto__ and constructor change nothing but themselves', async () => {
    const body = '{"name":"x","__proto__":{"isAdmin":true},"constructor":{"prototype":{"isAdmin":true}}}';
    const response = await posting(NAMED).request('POST', '/op', { body });
    expect(response.status).toBe(200);
    expect(({} as { isAdmin?: boolean }).isAdmin).toBeUndefined();
    expect((await bodyError(NAMED, '{"__proto__":{"name":"x"}}')).slice(0, 2)).toEqual([400, 'M_MISSING_PARAM']);
  });
});

describe('query parameters', () => {
  const QUERY = Type.Object({
    limit: Type.Optional(Type.Integer({ minimum: 0 })),
    full: Type.Optional(Type.Boolean()),
    via: Type.Optional(Type.Array(Type.String())),
    dir: Type.Optional(Type.Union([Type.Literal('b'), Type.Literal('f')])),
    ratio: Type.Optional(Type.Number()),
    from: Type.Optional(Type.String()),
  });

  test('are decoded by their types', async () => {
    const response = await querying(QUERY).request(
      'GET',
      '/op?limit=10&full=true&via=a&via=b%26c&dir=b&ratio=0.5&from=1&other=x',
    );
    expect(await response.json()).toEqual({
      limit: 10,
      full: true,
      via: ['a', 'b&c'],
      dir: 'b',
      ratio: 0.5,
      from: '1',
    });
  });

  test('that are absent stay absent', async () => {
    expect(await (await querying(QUERY).request('GET', '/op')).json()).toEqual({});
  });

  test.each(['limit=x', 'limit=', 'limit=1.5', 'limit=-1', 'limit=1e3', 'full=yes', 'full=1', 'dir=x', 'ratio=x'])(
    '%s is M_INVALID_PARAM',
    async (query) => {
      const response = await querying(QUERY).request('GET', `/op?${query}`);
      const { errcode, error } = (await response.json()) as { errcode: string; error: string };
      expect([response.status, errcode]).toEqual([400, 'M_INVALID_PARAM']);
      expect(error).toContain(`'${query.split('=')[0]}'`);
    },
  );

  test('that are required and absent are M_MISSING_PARAM', async () => {
    const server = querying(Type.Object({ dir: Type.String() }));
    const response = await server.request('GET', '/op');
    expect(await response.json()).toEqual({
      errcode: 'M_MISSING_PARAM',
      error: "The query parameter 'dir' is missing",
    });
  });

  test('that are malformed text hurt nobody', async () => {
    for (const query of ['from=%', 'from=%ff', 'from=%00', '&&&=', '__proto__=x', 'from', '?from=1?', 'via[]=x']) {
      expect((await querying(QUERY).request('GET', `/op?${query}`)).status).toBeLessThan(500);
    }
  });
});

test('an alias without a parameter leaves it empty', async () => {
  const contract = endpoint({
    operationId: 'getState',
    method: 'GET',
    path: '/state/{type}/{key}',
    aliases: ['/state/{type}', '/state/{type}/'],
    auth: 'none',
    params: Type.Object({ type: Type.String(), key: Type.String() }),
    response: Type.Unknown(),
  });
  const server = testServer([route(contract, ({ params }) => params)]);
  for (const path of ['/state/t', '/state/t/']) {
    expect(await (await server.request('GET', path)).json()).toEqual({ type: 't', key: '' });
  }
  expect(await (await server.request('GET', '/state/t/k')).json()).toEqual({ type: 't', key: 'k' });
});

test('a stream is left unread for the handler', async () => {
  const contract = endpoint({
    operationId: 'upload',
    method: 'POST',
    path: '/upload',
    auth: 'none',
    accepts: 'stream',
    response: Type.Unknown(),
  });
  const server = testServer(
    [route(contract, async ({ request }) => ({ bytes: (await new Response(request.bodyStream).bytes()).length }))],
    { maxBodyBytes: 10 },
  );
  const response = await server.request('POST', '/upload', { body: await stream('x'.repeat(5000), 'y'.repeat(5000)) });
  expect(await response.json()).toEqual({ bytes: 10_000 });
});
