/** Checkouts with a program of the test's own, for the tests of what `bin/myelin` does. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bunPackages } from '../bin/launcher.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

export const scratch = mkdtempSync(join(tmpdir(), 'launcher-'));
/** For `afterAll`. */
export const removeCheckouts = (): void => rmSync(scratch, { recursive: true });

let made = 0;
/** A checkout with a program of our own making and no dependencies but Bun. */
export function checkout(main: string, dependencies: Readonly<Record<string, string>> = {}): string {
  made += 1;
  const root = join(scratch, String(made));
  lay(root, 'fake/package.json', '{"type":"commonjs"}');
  lay(root, 'package.json', JSON.stringify({ type: 'module', dependencies, devDependencies: { tool: '1.0.0' } }));
  lay(root, 'src/app/main.ts', main);
  cpSync(join(ROOT, 'bin'), join(root, 'bin'), { recursive: true });
  const [name = ''] = bunPackages({ platform: process.platform, arch: process.arch, musl: false, oldCpu: false });
  for (const variant of [name, `${name}-musl`]) {
    mkdirSync(join(root, 'node_modules/@oven', variant, 'bin'), { recursive: true });
    symlinkSync(process.execPath, join(root, 'node_modules/@oven', variant, 'bin/bun'));
  }
  return root;
}

export function lay(root: string, path: string, text: string): string {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
  return join(root, path);
}

export function launch(root: string, args: string[] = [], env: Readonly<Record<string, string>> = {}) {
  return Bun.spawn([join(root, 'bin/myelin'), ...args], {
    cwd: scratch,
    env: { PATH: process.env.PATH ?? '', ...env },
    stdout: 'pipe',
    stderr: 'pipe',
  });
}

export const textOf = (stream: ReadableStream<Uint8Array>): Promise<string> => new Response(stream).text();
