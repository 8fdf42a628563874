import { afterAll, expect, test } from 'bun:test';
import { chmodSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { bunPackages, findBun } from '../bin/launcher.mjs';
import { checkout, launch as launchFrom, lay, removeCheckouts, scratch, textOf } from './testing-checkout.ts';

afterAll(removeCheckouts);

/** Bundles are another matter: see bundle.test.ts. */
const launch = (root: string, args: string[] = [], env: Readonly<Record<string, string>> = {}) =>
  launchFrom(root, args, { MYELIN_FROM_SOURCE: '1', ...env });

test('the server gets the arguments, and its exit code is kept', async () => {
  const root = checkout(
    'console.log(JSON.stringify([process.argv.slice(2), process.cwd(), typeof Bun]));process.exit(7);',
  );
  const run = launch(root, ['serve', '--config', 'a b.yaml', '']);
  expect(JSON.parse(await textOf(run.stdout))).toEqual([['serve', '--config', 'a b.yaml', ''], scratch, 'object']);
  expect(await run.exited).toBe(7);
});

test('it works through a symlink, and without .env files of the working directory', async () => {
  const root = checkout('console.log(process.env.FROM_FILE ?? "none");');
  lay(scratch, '.env', 'FROM_FILE=1');
  const link = join(scratch, 'linked');
  symlinkSync(join(root, 'bin/myelin'), link);
  const run = Bun.spawnSync([link], { cwd: scratch, env: { PATH: process.env.PATH ?? '', MYELIN_FROM_SOURCE: '1' } });
  expect(run.stdout.toString()).toBe('none\n');
});

test('signals reach the server, which decides how it ends', async () => {
  const root = checkout(`
    process.on('SIGTERM', () => { console.log('stopping'); process.exit(3); });
    process.on('SIGHUP', () => console.log('reloading'));
    console.log('ready');
    setInterval(() => undefined, 1000);`);
  const run = launch(root);
  const reader = run.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let seen = '';
  const until = async (word: string): Promise<void> => {
    while (!seen.includes(word)) seen += (await reader.read()).value ?? '';
  };
  await until('ready');
  run.kill('SIGHUP');
  await until('reloading');
  run.kill('SIGTERM');
  await until('stopping');
  expect(await run.exited).toBe(3);
});

test('when a signal ends the server, it ends the launcher', async () => {
  const run = launch(checkout('process.kill(process.pid, "SIGKILL");'));
  await run.exited;
  expect(run.signalCode).toBe('SIGKILL');
});

test('the server knows the process that launched it', async () => {
  const run = launch(checkout('console.log(process.env.MYELIN_LAUNCHER_PID);'));
  expect(await textOf(run.stdout)).toBe(`${run.pid}\n`);
});

test('missing dependencies are installed first, without scripts, and one line says so', async () => {
  const root = checkout('console.log("runs");', { left: '1.0.0', 'in-range': '^1.0.0' });
  lay(root, 'node_modules/in-range/package.json', '{"version":"1.2.3"}');
  const npm = lay(
    root,
    'fake/npm-cli.js',
    `const fs = require('fs'), path = require('path');
     fs.writeFileSync('npm-args', process.argv.slice(2).join(' '));
     fs.mkdirSync('node_modules/left', { recursive: true });
     fs.writeFileSync('node_modules/left/package.json', '{"version":"1.0.0"}');`,
  );
  const first = launch(root, [], { npm_execpath: npm });
  expect(await textOf(first.stdout)).toBe('runs\n');
  expect(await textOf(first.stderr)).toMatch(/^myelin: installing dependencies [^\n]*\n$/);
  expect(readFileSync(join(root, 'npm-args'), 'utf8')).toBe(
    'ci --ignore-scripts --no-audit --no-fund --loglevel=error --omit=dev',
  );
  const second = launch(root, [], { npm_execpath: '/nowhere' });
  expect(await textOf(second.stderr)).toBe('');
  expect(await second.exited).toBe(0);
});

test('a dependency of another version is installed anew, and tools stay where there are tools', async () => {
  const root = checkout('', { left: '2.0.0' });
  lay(root, 'node_modules/left/package.json', '{"version":"1.0.0"}');
  lay(root, 'node_modules/tool/package.json', '{"version":"1.0.0"}');
  const npm = lay(root, 'fake/npm-cli.js', "require('fs').writeFileSync('npm-args', process.argv.slice(2).join(' '))");
  await launch(root, [], { npm_execpath: npm }).exited;
  expect(readFileSync(join(root, 'npm-args'), 'utf8')).not.toContain('--omit=dev');
});

test('where the lock file does not do for npm ci, npm install takes what it has', async () => {
  const root = checkout('console.log("runs");', { left: '1.0.0' });
  const npm = lay(
    root,
    'fake/npm-cli.js',
    `const fs = require('fs');
     fs.appendFileSync('npm-args', process.argv.slice(2, 4).join(' ') + '\\n');
     process.exit(process.argv[2] === 'ci' ? 1 : 0);`,
  );
  const run = launch(root, [], { npm_execpath: npm });
  expect(await textOf(run.stdout)).toBe('runs\n');
  expect(readFileSync(join(root, 'npm-args'), 'utf8')).toBe('ci --ignore-scripts\ninstall --no-save\n');
});

test('a failed installation says why, and what to do', async () => {
  const root = checkout('', { left: '2.0.0' });
  const npm = lay(root, 'fake/npm-cli.js', 'console.error("no network"); process.exit(9)');
  const run = launch(root, [], { npm_execpath: npm });
  const said = await textOf(run.stderr);
  expect(said).toContain('no network');
  expect(said).toContain(`npm install failed; run "npm ci" in ${root} to see why`);
  expect(await run.exited).toBe(1);
});

test('each platform has its package of Bun, old processors another first', () => {
  const of = (platform: NodeJS.Platform, arch: string, musl = false, oldCpu = false) =>
    bunPackages({ platform, arch, musl, oldCpu });
  expect(of('linux', 'x64')).toEqual(['bun-linux-x64', 'bun-linux-x64-baseline']);
  expect(of('linux', 'x64', true)).toEqual(['bun-linux-x64-musl', 'bun-linux-x64-musl-baseline']);
  expect(of('linux', 'x64', false, true)).toEqual(['bun-linux-x64-baseline', 'bun-linux-x64']);
  expect(of('linux', 'arm64', true)).toEqual(['bun-linux-aarch64-musl']);
  expect(of('darwin', 'arm64')).toEqual(['bun-darwin-aarch64']);
  expect(of('win32', 'x64')[0]).toBe('bun-windows-x64');
});

test('Bun is found in its platform package, or where its install script has moved it', () => {
  const root = join(scratch, 'moved');
  const where = { root, platform: 'linux', arch: 'x64', musl: false, oldCpu: false } as const;
  const big = 'x'.repeat(1_000_001);
  expect(() => findBun(where)).toThrow('no Bun for linux x64');
  lay(root, 'node_modules/bun/bin/bun.exe', 'a stub that npm lays');
  expect(() => findBun(where)).toThrow('no Bun for linux x64');
  const moved = lay(root, 'node_modules/bun/bin/bun.exe', big);
  expect(findBun(where)).toBe(moved);
  const own = lay(root, 'node_modules/@oven/bun-linux-x64/bin/bun', big);
  chmodSync(own, 0o644);
  expect(findBun(where)).toBe(own);
  expect(Bun.spawnSync(['test', '-x', own]).exitCode).toBe(0);
});
