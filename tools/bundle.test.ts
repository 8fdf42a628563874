import { afterAll, expect, test } from 'bun:test';
import {
  chmodSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { checkout, launch, lay, removeCheckouts, scratch, textOf } from './testing-checkout.ts';

afterAll(removeCheckouts);

const BUNDLING = 'myelin: bundling the server, once for this version\n';
/** Says whether a bundle runs, and what it was made of. */
const MAIN = `
import { word } from './word.ts';
console.log(Bun.main.includes('.cache') ? 'bundle' : 'source', word);`;

function checkoutOf(word: string): string {
  const root = checkout(MAIN);
  lay(root, 'src/app/word.ts', `export const word: string = '${word}';`);
  return root;
}

async function run(root: string, env: Readonly<Record<string, string>> = {}): Promise<{ out: string; err: string }> {
  const child = launch(root, [], env);
  const [out, err] = await Promise.all([textOf(child.stdout), textOf(child.stderr)]);
  return { out, err };
}

const bundlesOf = (root: string): string[] =>
  readdirSync(join(root, '.cache/bundle')).filter((name) => name !== 'current.json');

const currentOf = (root: string): string => {
  const { folder } = JSON.parse(readFileSync(join(root, '.cache/bundle/current.json'), 'utf8')) as { folder: string };
  return join(root, '.cache/bundle', folder);
};

test('the first start makes a bundle and says so in one line, those after it use it', async () => {
  const root = checkoutOf('one');
  expect(await run(root)).toEqual({ out: 'bundle one\n', err: BUNDLING });
  expect(await run(root)).toEqual({ out: 'bundle one\n', err: '' });
  expect(bundlesOf(root)).toHaveLength(1);
});

test('a change of any file is bundled anew, also one that keeps size and time', async () => {
  const root = checkoutOf('one');
  await run(root);
  const path = join(root, 'src/app/word.ts');
  const { atime, mtime } = statSync(path);
  lay(root, 'src/app/word.ts', "export const word: string = 'two';");
  utimesSync(path, atime, mtime);
  expect(await run(root)).toEqual({ out: 'bundle two\n', err: BUNDLING });
  rmSync(path);
  lay(root, 'src/app/main.ts', "console.log('without words');");
  expect(await run(root)).toEqual({ out: 'without words\n', err: BUNDLING });
});

test('a copy of the whole tree, whose times are others, needs no new bundle, and notices changes of its own', async () => {
  const root = checkoutOf('one');
  await run(root);
  const copy = join(scratch, 'copy');
  cpSync(root, copy, { recursive: true, verbatimSymlinks: true });
  expect(await run(copy)).toEqual({ out: 'bundle one\n', err: '' });
  lay(copy, 'src/app/word.ts', "export const word: string = 'two';");
  expect(await run(copy)).toEqual({ out: 'bundle two\n', err: BUNDLING });
  expect(await run(root)).toEqual({ out: 'bundle one\n', err: '' });
});

test('a bundle that is cut short, lacks a file or has no readable record is not used', async () => {
  const root = checkoutOf('one');
  await run(root);
  const main = () => join(currentOf(root), 'app-main.js');
  truncateSync(main(), statSync(main()).size - 1);
  expect(await run(root)).toEqual({ out: 'bundle one\n', err: BUNDLING });
  rmSync(`${main()}.jsc`);
  expect(await run(root)).toEqual({ out: 'bundle one\n', err: BUNDLING });
  writeFileSync(join(root, '.cache/bundle/current.json'), '{"folder":');
  expect(await run(root)).toEqual({ out: 'bundle one\n', err: BUNDLING });
  expect(await run(root)).toEqual({ out: 'bundle one\n', err: '' });
});

test('two first starts at once each have a whole bundle, and leave nothing unfinished', async () => {
  const root = checkoutOf('one');
  const both = await Promise.all([run(root), run(root)]);
  expect(both.map(({ out }) => out)).toEqual(['bundle one\n', 'bundle one\n']);
  expect(bundlesOf(root).filter((name) => name.startsWith('new-'))).toEqual([]);
  expect(await run(root)).toEqual({ out: 'bundle one\n', err: '' });
});

test('what cannot be bundled runs from its source, with one line that says why', async () => {
  const root = checkout('console.log(import.meta.dir.length > 0 ? "source" : "bundle");');
  const { out, err } = await run(root);
  expect(out).toBe('source\n');
  expect(err).toStartWith(BUNDLING);
  expect(err.slice(BUNDLING.length)).toMatch(
    /^myelin: no bundle, [^\n]*: src\/app\/main\.ts: [^\n]*import\.meta[^\n]*\n$/,
  );
  expect(bundlesOf(root)).toEqual([]);
});

test('where nothing can be written it runs from its source, and says so', async () => {
  const root = checkoutOf('one');
  writeFileSync(join(root, '.cache'), 'no folder');
  const { out, err } = await run(root);
  expect(out).toBe('source one\n');
  expect(err).toMatch(/^myelin: no bundle, [^\n]*\n$/);
});

test('source that changes while it is bundled is not bundled half old and half new', async () => {
  const root = checkoutOf('one');
  const bun = lay(
    root,
    'fake/bun',
    `#!/bin/sh
case "$*" in *build-bundle*) echo "export const word = 'two';" > '${root}/src/app/word.ts' ;; esac
exec '${process.execPath}' "$@"`,
  );
  chmodSync(bun, 0o755);
  const { out, err } = await run(root, { MYELIN_BUN: bun });
  expect(out).toBe('source two\n');
  expect(err).toContain('src/app/word.ts was changed while it was bundled');
  expect(existsSync(join(root, '.cache/bundle/current.json'))).toBe(false);
});

test('another Bun has a bundle of its own', async () => {
  const root = checkoutOf('one');
  await run(root);
  const bun = lay(root, 'fake/bun', `#!/bin/sh\nexec '${process.execPath}' "$@"`);
  chmodSync(bun, 0o755);
  expect(await run(root, { MYELIN_BUN: bun })).toEqual({ out: 'bundle one\n', err: BUNDLING });
});

test('MYELIN_FROM_SOURCE=1 neither makes nor uses a bundle', async () => {
  const root = checkoutOf('one');
  expect(await run(root, { MYELIN_FROM_SOURCE: '1' })).toEqual({ out: 'source one\n', err: '' });
  expect(existsSync(join(root, '.cache'))).toBe(false);
});

test('threads run from the bundle, and so do the modules that threads load', async () => {
  const root = checkout(`
    const worker = new Worker(new URL('../deep/down/a-thread.ts', import.meta.url));
    worker.onmessage = ({ data }) => { console.log(JSON.stringify(data)); process.exit(); };
    worker.postMessage(new URL('./tasks.ts', import.meta.url).href);`);
  lay(
    root,
    'src/deep/down/a-thread.ts',
    `globalThis.onmessage = async ({ data }) => {
       const { double } = await import(data);
       postMessage([Bun.main.includes('.cache'), data.includes('.cache'), double(21)]);
     };`,
  );
  lay(root, 'src/app/tasks.ts', 'export const double = (value: number): number => value * 2;');
  expect((await run(root)).out).toBe('[true,true,42]\n');
  lay(root, 'src/app/tasks.ts', 'export const double = (value: number): number => value * 20;');
  expect((await run(root)).out).toBe('[true,true,420]\n');
});

test('a stack names the lines of the source', async () => {
  const root = checkout("import { fail } from './fail.ts';\nfail();");
  lay(
    root,
    'src/app/fail.ts',
    'interface Erased {\n  it: 1;\n}\nexport function fail() {\n  console.log(new Error().stack);\n}',
  );
  const { out } = await run(root);
  expect(out).toMatch(/src\/app\/fail\.ts:5:\d+/);
  expect(out).toMatch(/src\/app\/main\.ts:2:\d+/);
});

test('a server that runs keeps its bundle for some versions, the oldest go', async () => {
  const root = checkoutOf('0');
  await run(root);
  const first = currentOf(root);
  for (let version = 1; version <= 5; version++) {
    expect(existsSync(first)).toBe(true);
    lay(root, 'src/app/word.ts', `export const word: string = '${version}';`);
    expect((await run(root)).out).toBe(`bundle ${version}\n`);
  }
  expect(existsSync(first)).toBe(false);
  expect(bundlesOf(root)).toHaveLength(5);
});
