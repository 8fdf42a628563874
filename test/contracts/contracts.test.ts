/** Every contract has one handler, or stands in the list of what is not there yet; and every path answers as paths must. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Endpoint } from '#api/endpoint.ts';
import { METHODS } from '#platform/http/index.ts';
import { allContracts } from '../../tools/generate/contracts.ts';
import { type ComposedServer, composedServer } from './composed-server.ts';
import { NOT_NOW } from './not-now.ts';

/** May only be lowered. */
const MOST_NOT_NOW = 7;

const contracts = (await allContracts()).map(({ endpoint }) => endpoint);
const folder = mkdtempSync(join(tmpdir(), 'myelin-contracts-'));
let server: ComposedServer;

beforeAll(async () => {
  server = await composedServer({ engine: 'sqlite', path: join(folder, 'contracts.db') });
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const pathsOf = ({ path, aliases }: Endpoint): string[] => [path, ...aliases];
/** The path with something in place of each parameter. */
const filled = (path: string): string => path.replace(/\{\w+\??\}/g, 'x');

describe('a contract', () => {
  test('has exactly one handler, unless it is one of those not there yet', () => {
    const handled = server.parts.routes.map(({ endpoint }) => endpoint);
    const count = (contract: Endpoint): number => handled.filter((each) => each === contract).length;
    const wrong = contracts.filter((contract) => count(contract) !== (NOT_NOW.has(contract.operationId) ? 0 : 1));
    expect(wrong.map((contract) => `${contract.operationId}: ${count(contract)} handlers`)).toEqual([]);
  });

  test('stands in src/api: no handler answers another', () => {
    const known = new Set(contracts);
    const others = server.parts.routes.filter(({ endpoint }) => !known.has(endpoint));
    expect(others.map(({ endpoint }) => endpoint.operationId)).toEqual([]);
  });

  test('has an operation id of its own', () => {
    const ids = contracts.map(({ operationId }) => operationId);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  test('that is not there yet answers 404 M_UNRECOGNIZED, at once', async () => {
    for (const id of NOT_NOW.keys()) {
      const contract = contracts.find(({ operationId }) => operationId === id);
      expect(contract, `${id} is in the list and is no contract`).toBeDefined();
      for (const path of contract === undefined ? [] : pathsOf(contract)) {
        const { status, json } = await server.send(contract?.method ?? '', filled(path));
        // Another method of the same path may be there.
        expect([404, 405], `${id} ${path}`).toContain(status);
        expect(json.errcode).toBe('M_UNRECOGNIZED');
      }
    }
  });

  test('is not left for later anew', () => {
    expect(NOT_NOW.size).toBeLessThanOrEqual(MOST_NOT_NOW);
  });
});

describe('a path', () => {
  test('answers OPTIONS with 204, CORS headers and without asking who it is', async () => {
    for (const path of new Set(contracts.flatMap(pathsOf))) {
      const { status, headers, text } = await server.send('OPTIONS', filled(path));
      expect(status, path).toBe(204);
      expect(text).toBe('');
      expect(headers.get('access-control-allow-origin')).toBe('*');
      expect(headers.get('access-control-allow-methods')).toContain('PUT');
      expect(headers.get('access-control-allow-headers')).toContain('Authorization');
    }
  });

  test('answers a method that it has not with 405 M_UNRECOGNIZED', async () => {
    const methods = new Map<string, Set<string>>();
    for (const { endpoint } of server.parts.routes) {
      for (const path of pathsOf(endpoint).map(filled)) {
        methods.set(path, (methods.get(path) ?? new Set<string>()).add(endpoint.method));
      }
    }
    expect(methods.size).toBeGreaterThan(300);
    for (const [path, there] of methods) {
      for (const method of [...METHODS, 'PATCH'].filter((each) => !there.has(each) && !isOther(each, path))) {
        const { status, json } = await server.send(method, path);
        expect(`${method} ${path}: ${status} ${json.errcode}`).toBe(`${method} ${path}: 405 M_UNRECOGNIZED`);
      }
    }
  });

  test('that nobody knows is 404 M_UNRECOGNIZED, whatever the method', async () => {
    const paths = [
      '/_matrix/client/v3/no_such_thing',
      '/_matrix/client/v99/sync',
      '/_matrix/client',
      '/_matrix/',
      '/_matrix/client/v3/rooms',
      '/_matrix/client/v3/sync/',
      '/_matrix/CLIENT/v3/sync',
      '/_matrix/client/v3//sync',
      '/_matrix/media/v3/download',
      '/_synapse/admin/v1/no_such_thing',
      '/no_such_thing',
    ];
    for (const path of paths) {
      for (const method of [...METHODS, 'PATCH']) {
        const { status, json, headers } = await server.send(method, path);
        expect(`${method} ${path}: ${status} ${json.errcode}`).toBe(`${method} ${path}: 404 M_UNRECOGNIZED`);
        expect(headers.get('access-control-allow-origin')).toBe('*');
      }
    }
  });

  test('that answers GET answers HEAD alike, without a body', async () => {
    for (const path of ['/_matrix/client/versions', '/_matrix/client/v3/login', '/_matrix/client/v3/sync']) {
      const [get, head] = [await server.send('GET', path), await server.send('HEAD', path)];
      expect([path, head.status, head.text]).toEqual([path, get.status, '']);
    }
  });
});

/** Whether some contract takes this method at a path of the same form: `x` may stand for a fixed segment's place too. */
function isOther(method: string, path: string): boolean {
  return contracts.some(
    (contract) =>
      contract.method === method &&
      pathsOf(contract).some((each) =>
        new RegExp(`^${each.replace(/\/\{\w+\?\}$/, '/[^/]*').replace(/\{\w+\}/g, '[^/]+')}$`).test(path),
      ),
  );
}
