import { afterEach, expect, test } from 'bun:test';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkTree, formatFinding } from './check-layers.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** What the checker says of a tree with these files. */
function check(files: Readonly<Record<string, string>>): string[] {
  const root = mkdtempSync(join(tmpdir(), 'layers-'));
  folders.push(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return checkTree(root).map(formatFinding);
}

const only = (path: string, text: string): string[] => check({ [path]: text });

test('imports that point down are fine', () => {
  expect(
    check({
      'src/features/login/routes.ts':
        "import { a } from '#accounts/index.ts';\nimport { b } from './b.ts';\nimport { z } from 'zlib';\n",
      'src/features/login/b.ts': "export * from '#protocol/errors.ts';\n",
      'src/protocol/hash.ts': "import { createHash } from 'node:crypto';\n",
    }),
  ).toEqual([]);
});

test.each([
  ['a value import', "\n\nimport { x } from '#features/login/index.ts';"],
  ['a type-only import', "\n\nimport type { X } from '#features/login/index.ts';"],
  ['a re-export', "\n\nexport { x } from '#features/login/index.ts';"],
  ['a re-export of everything', "\n\nexport * from '#features/login/index.ts';"],
  ['a dynamic import', "\n\nconst x = await import('#features/login/index.ts');"],
  ['an import type', "\n\ntype X = import('#features/login/index.ts').X;"],
])('%s that points up is found with its line', (_, text) => {
  expect(only('src/rooms/a.ts', text)).toEqual([
    'src/rooms/a.ts:3: layer: rooms may not import features (#features/login/index.ts)',
  ]);
});

test('accounts and federation may not import each other', () => {
  expect(only('src/accounts/a.ts', "import '#federation/b.ts';")).toHaveLength(1);
  expect(only('src/federation/a.ts', "import '#accounts/b.ts';")).toHaveLength(1);
});

test('another layer is imported by its alias, never by a relative path', () => {
  expect(only('src/rooms/a.ts', "import { x } from '../protocol/errors.ts';")).toEqual([
    'src/rooms/a.ts:1: specifier: ../protocol/errors.ts leaves its layer: write #protocol/errors.ts',
  ]);
  expect(only('src/protocol/a.ts', "import { x } from '../rooms/b.ts';")).toEqual([
    'src/protocol/a.ts:1: layer: protocol may not import rooms (../rooms/b.ts)',
  ]);
});

test('an import without an extension is found', () => {
  expect(only('src/rooms/a.ts', "import { x } from './b';")).toEqual([
    'src/rooms/a.ts:1: specifier: ./b has no explicit extension',
  ]);
});

test('imports in comments and strings are none', () => {
  expect(only('src/protocol/a.ts', "// import '#rooms/a.ts';\nconst a = \"import '#rooms/a.ts'\";\n")).toEqual([]);
});

test('a slice may not import a slice, except aggregators through the index', () => {
  expect(only('src/features/login/a.ts', "import '#features/devices/index.ts';")).toEqual([
    'src/features/login/a.ts:1: slice: the slice login may not import the slice devices (#features/devices/index.ts)',
  ]);
  expect(only('src/features/login/a.ts', "import type { X } from '../devices/index.ts';")).toHaveLength(1);
  expect(only('src/features/sync/a.ts', "import '#features/devices/index.ts';")).toEqual([]);
  expect(only('src/features/sync/a.ts', "import '#features/devices/store.ts';")).toEqual([
    'src/features/sync/a.ts:1: slice: sync may import devices through its index.ts only (#features/devices/store.ts)',
  ]);
});

test('protocol imports node:crypto and nothing else', () => {
  expect(only('src/protocol/a.ts', "import { readFileSync } from 'node:fs';")).toHaveLength(1);
  expect(only('src/protocol/a.test.ts', "import { readFileSync } from 'node:fs';")).toEqual([]);
});

test('Bun is for the runtime folder, bun:test for tests', () => {
  expect(only('src/platform/http/a.ts', "import { Database } from 'bun:sqlite';")).toHaveLength(1);
  expect(only('src/platform/http/a.ts', 'export const x = Bun.nanoseconds();')).toHaveLength(1);
  expect(only('src/platform/http/a.ts', "import { test } from 'bun:test';")).toHaveLength(1);
  expect(only('src/platform/http/a.test.ts', "import { test } from 'bun:test';\nawait Bun.sleep(1);")).toEqual([]);
  expect(only('src/platform/http/test-server.ts', 'await Bun.sleep(1);')).toEqual([]);
  expect(only('src/platform/http/a.test.ts', "import { Database } from 'bun:sqlite';")).toHaveLength(1);
  expect(only('src/platform/runtime/a.ts', "import { Database } from 'bun:sqlite';\nBun.serve({});")).toEqual([]);
});

test('time and chance are for the platform', () => {
  const used = 'Date.now();\nMath.random();\nsetTimeout(() => 1, 2);\nsetInterval(() => 1, 2);\nnew Date();\n';
  expect(only('src/rooms/a.ts', used).map((line) => line.split(' ')[0])).toEqual([
    'src/rooms/a.ts:1:',
    'src/rooms/a.ts:2:',
    'src/rooms/a.ts:3:',
    'src/rooms/a.ts:4:',
    'src/rooms/a.ts:5:',
  ]);
  expect(only('src/rooms/a.test.ts', used)).toEqual([]);
  expect(only('src/platform/clock/a.ts', used)).toEqual([]);
  expect(only('src/rooms/b.ts', 'new Date(5);\nclock.now();\nconst random = Math.floor(1);')).toEqual([]);
});

test('SQL is for stores', () => {
  const sql = [
    "const a = 'SELECT x FROM t';",
    'const b = sql`insert into t values (1)`;',
    "const c = 'Update t set x = 1';",
    "const d = 'DELETE FROM t';",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: code to check.
    'const e = `\n  select * from ${t}`;',
  ].join('\n');
  expect(only('src/rooms/a.ts', sql)).toHaveLength(5);
  for (const path of [
    'src/rooms/event-store.ts',
    'src/rooms/tables.ts',
    'src/platform/storage/a.ts',
    'migrations/1.ts',
  ]) {
    expect(only(path, sql)).toEqual([]);
  }
  expect(only('src/rooms/a.ts', "const a = 'Select a room';\nconst b = 'update failed';\nconst c = 'delete';")).toEqual(
    [],
  );
});

test('long files are warned of, very long ones refused, tables excepted', () => {
  const lines = (count: number): string => 'export {};\n'.repeat(count);
  expect(only('src/rooms/a.ts', lines(260))).toEqual([]);
  expect(only('src/rooms/a.ts', lines(261))).toEqual([
    'src/rooms/a.ts:261: warning: size: 261 lines; split it by noun (near 200, at most 400)',
  ]);
  expect(only('src/rooms/a.ts', lines(401))[0]).toStartWith('src/rooms/a.ts:401: size:');
  for (const path of [
    'src/api/client/a.ts',
    'migrations/a.ts',
    'src/protocol/room-versions/a.ts',
    'src/protocol/errors.ts',
  ]) {
    expect(only(path, lines(500))).toEqual([]);
  }
});

test('files that import each other in a circle are found', () => {
  expect(
    check({
      'src/rooms/a.ts': "import { b } from './b.ts';",
      'src/rooms/b.ts': "\nimport { c } from '#rooms/c.ts';",
      'src/rooms/c.ts': "import { a } from './a.ts';",
    }),
  ).toEqual(['src/rooms/c.ts:1: cycle: src/rooms/a.ts -> src/rooms/b.ts -> src/rooms/c.ts -> src/rooms/a.ts']);
  expect(
    check({
      'src/rooms/a.ts': "import { b } from './b.ts';",
      'src/rooms/b.ts': "import type { A } from './a.ts';",
    }),
  ).toEqual([]);
});

test('the command prints what it found and ends with code 1', () => {
  const root = mkdtempSync(join(tmpdir(), 'layers-'));
  folders.push(root);
  mkdirSync(join(root, 'src/protocol'), { recursive: true });
  writeFileSync(join(root, 'src/protocol/a.ts'), "import '#rooms/a.ts';\n");
  const script = join(dirname(fileURLToPath(import.meta.url)), 'check-layers.ts');
  const run = Bun.spawnSync([process.execPath, script, root]);
  expect(run.stdout.toString()).toContain('src/protocol/a.ts:1: layer:');
  expect(run.exitCode).toBe(1);
  writeFileSync(join(root, 'src/protocol/a.ts'), 'export {};\n');
  expect(Bun.spawnSync([process.execPath, script, root]).exitCode).toBe(0);
});
