import { afterAll, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MatrixError } from '#protocol/errors.ts';
import { askRunningServer, type Operations, operationsSocket, serveOperations } from './operations.ts';

const scratch = mkdtempSync(join(tmpdir(), 'myelin-operations-'));
afterAll(() => rmSync(scratch, { recursive: true }));

const operations: Operations = {
  echo: async (args) => args,
  async refuse() {
    throw new MatrixError('M_USER_IN_USE', 'The user id is already taken');
  },
};

function dataFolder(name: string): string {
  const folder = join(scratch, name);
  mkdirSync(folder, { recursive: true });
  return folder;
}

test('an operation is answered, and the socket is for its owner only', async () => {
  const folder = dataFolder('plain');
  await using _served = await serveOperations(operationsSocket(folder), operations);
  expect(statSync(operationsSocket(folder)).mode & 0o077).toBe(0);
  expect(await askRunningServer(folder, 'echo', { name: 'ärger\n' })).toEqual({ answer: { name: 'ärger\n' } });
});

test('what the server refuses is told in its words', async () => {
  const folder = dataFolder('refusing');
  await using _served = await serveOperations(operationsSocket(folder), operations);
  expect(askRunningServer(folder, 'refuse', {})).rejects.toThrow(/^The user id is already taken$/);
  expect(askRunningServer(folder, 'toString', {})).rejects.toThrow('knows no operation toString');
});

test('where no server runs there is no answer: no socket, one left behind, or one that was closed', async () => {
  const folder = dataFolder('quiet');
  expect(await askRunningServer(folder, 'echo', {})).toBeUndefined();
  const served = await serveOperations(operationsSocket(folder), operations);
  await served[Symbol.asyncDispose]();
  expect(await askRunningServer(folder, 'echo', {})).toBeUndefined();
  writeFileSync(operationsSocket(folder), '');
  expect(await askRunningServer(folder, 'echo', {})).toBeUndefined();
});

test('a socket that was left behind is replaced', async () => {
  const folder = dataFolder('left');
  writeFileSync(operationsSocket(folder), '');
  await using _served = await serveOperations(operationsSocket(folder), operations);
  expect(await askRunningServer(folder, 'echo', { n: 1 })).toEqual({ answer: { n: 1 } });
});

test('a path longer than a socket address may be does', async () => {
  const folder = dataFolder(join('a'.repeat(100), 'b'.repeat(100)));
  await using _served = await serveOperations(operationsSocket(folder), operations);
  expect(await askRunningServer(folder, 'echo', { n: 2 })).toEqual({ answer: { n: 2 } });
});

test('where there can be no socket, serving rejects', async () => {
  const folder = dataFolder('blocked');
  mkdirSync(operationsSocket(folder));
  expect(serveOperations(operationsSocket(folder), operations)).rejects.toThrow();
});
