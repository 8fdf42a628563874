import { describe, expect, test } from 'bun:test';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configKeys } from './generate/config-keys.ts';
import { allContracts } from './generate/contracts.ts';
import { generated, outdated } from './generate.ts';

interface Operation {
  readonly operationId: string;
  readonly security: readonly unknown[];
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly required: boolean };
}

const files = await generated();
const textOf = (name: string): string => files.get(name) ?? '';
const document = JSON.parse(textOf('openapi.json')) as { paths: Record<string, Record<string, Operation>> };
const operations = Object.values(document.paths).flatMap((each) => Object.values(each));

describe('the OpenAPI document', () => {
  test('has every contract once', async () => {
    const ids = (await allContracts()).map(({ endpoint }) => endpoint.operationId).sort();
    expect(operations.map(({ operationId }) => operationId).sort()).toEqual(ids);
  });

  test('names every parameter of a path', () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '').sort();
      for (const { parameters } of Object.values(methods)) {
        expect(
          parameters
            .filter((each) => each.in === 'path')
            .map(({ name }) => name)
            .sort(),
          path,
        ).toEqual(named);
      }
    }
  });

  test('says who may call and whether a body must be sent', () => {
    const of = (id: string) => operations.find(({ operationId }) => operationId === id);
    expect(of('sendMessage')?.security).toEqual([{ accessToken: [] }]);
    expect(of('getVersions')?.security).toEqual([{}, { accessToken: [] }]);
    expect(of('sendMessage')?.requestBody?.required).toBe(true);
    expect(of('leaveRoom')?.requestBody?.required).toBe(false);
    expect(of('sync')?.requestBody).toBeUndefined();
  });

  test('has no type that is not JSON Schema', () => {
    const types = [...textOf('openapi.json').matchAll(/"type": "(\w+)"/g)].map((match) => match[1]);
    const known = ['string', 'integer', 'number', 'boolean', 'object', 'array', 'null', 'http', 'apiKey'];
    expect([...new Set(types)].filter((type) => type !== undefined && !known.includes(type))).toEqual([]);
  });
});

test('the page of routes names slice and rate limit', () => {
  const line = textOf('routes.md')
    .split('\n')
    .find((each) => each.includes('`sendMessage`'));
  expect(line).toContain('PUT /_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}');
  expect(line).toContain('`rc_message` | send-event |');
});

test('configuration keys are found wherever readers are handed on', () => {
  const keys = new Map(configKeys().map((key) => [key.path, key]));
  expect(keys.get('server_name')).toMatchObject({ type: 'text', fallback: "'localhost'" });
  expect(keys.get('log.level')?.type).toContain("'trace'");
  expect(keys.get('listeners[].port')).toBeDefined();
  expect(keys.get('listeners[].resources[].names')).toBeDefined();
  expect(keys.get('database.args.password')).toBeDefined();
  expect(keys.get('password_config.policy.minimum_length')).toBeDefined();
  expect(keys.get('auto_accept_invites.enabled')?.fallback).toBe('false');
  expect(keys.size).toBeGreaterThan(200);
});

test('a file that differs, is missing or is left over is not current', () => {
  const folder = mkdtempSync(join(tmpdir(), 'myelin-generated-'));
  for (const [name, text] of [
    ['same', 'a'],
    ['other', 'a'],
    ['left-over', 'a'],
  ] as const)
    writeFileSync(join(folder, name), text);
  const wanted = new Map([
    ['same', 'a'],
    ['other', 'b'],
    ['new', 'c'],
  ]);
  expect(outdated(wanted, folder)).toEqual(['left-over', 'new', 'other']);
  rmSync(folder, { recursive: true });
});
