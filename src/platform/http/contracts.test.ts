import { expect, test } from 'bun:test';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { TypeCompiler } from '@sinclair/typebox/compiler';
import type { Endpoint } from '#api/endpoint.ts';
import { METHODS, RouteTable } from './index.ts';

const API = join(import.meta.dir, '../../api');

/** Every contract there is. */
async function contracts(): Promise<Endpoint[]> {
  const files = readdirSync(API, { recursive: true, encoding: 'utf8' }).filter(
    (name) => name.includes('/') && name.endsWith('.ts') && !name.endsWith('.test.ts'),
  );
  const modules = await Promise.all(files.map((name) => import(join(API, name)) as Promise<Record<string, unknown>>));
  return modules.flatMap((exports) => Object.values(exports)).filter((value): value is Endpoint => isContract(value));
}

const isContract = (value: unknown): boolean => typeof value === 'object' && value !== null && 'operationId' in value;

test('all contracts fit into one table and each of their paths leads to them', async () => {
  const all = [...new Set(await contracts())];
  expect(all.length).toBeGreaterThan(100);
  const table = new RouteTable(
    all.flatMap((entry) => [entry.path, ...entry.aliases].map((path) => ({ method: entry.method, path, entry }))),
  );
  for (const contract of all) {
    for (const path of [contract.path, ...contract.aliases]) {
      const found = table.find(contract.method, path.replace(/\{\w+\??\}/g, 'x~y'));
      expect(typeof found === 'string' ? found : found.entry.operationId).toBe(contract.operationId);
    }
  }
});

test('all contracts have checks that compile and methods that exist', async () => {
  for (const { params, query, body, method, operationId } of await contracts()) {
    for (const schema of [params, query, body]) expect(() => TypeCompiler.Compile(schema), operationId).not.toThrow();
    expect(METHODS).toContain(method);
  }
});
