// Adds to package-lock.json the optional packages of other platforms that npm left out because the registry it was made with
// lacks them: `npm ci` refuses a lock file without them. They are pinned by version only, and installed nowhere but there.
// Run after `npm install`: node tools/complete-lock.mjs
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../bin/launcher.mjs';

const OS = ['linux', 'darwin', 'android', 'freebsd', 'openharmony', 'win32', 'windows'];
const CPU = ['riscv64', 's390x', 'ppc64', 'arm64', 'aarch64', 'x64', 'ia32', 'arm'];
const NPM_NAMES = { windows: 'win32', aarch64: 'arm64' };

const path = process.argv[2] ?? join(ROOT, 'package-lock.json');
const lock = JSON.parse(readFileSync(path, 'utf8'));
const missing = Object.entries(lock.packages).flatMap(([parent, entry]) =>
  Object.entries(parent === '' ? {} : (entry.optionalDependencies ?? {}))
    .filter(([name]) => lock.packages[`node_modules/${name}`] === undefined)
    .map(([name, version]) => ({ name, version, dev: entry.dev === true, platform: platformOf(name) })),
);
for (const { name, version, dev, platform } of missing) {
  // What names no platform would be installed everywhere: only npm itself may pin that.
  if (platform === undefined || !/^\d/.test(version)) continue;
  lock.packages[`node_modules/${name}`] = { version, ...(dev ? { dev } : {}), ...platform, optional: true };
  console.log(`added ${name} ${version}`);
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);

/** The `os`, `cpu` and `libc` that a package's name speaks of. */
function platformOf(name) {
  const words = name.split('/').at(-1).split('-');
  const os = OS.find((candidate) => words.includes(candidate));
  const cpu = CPU.find((candidate) => words.includes(candidate));
  if (os === undefined || cpu === undefined) return undefined;
  const libc = words.some((word) => word.startsWith('musl'))
    ? ['musl']
    : words.some((word) => word.startsWith('gnu'))
      ? ['glibc']
      : undefined;
  return { cpu: [NPM_NAMES[cpu] ?? cpu], os: [NPM_NAMES[os] ?? os], ...(libc === undefined ? {} : { libc }) };
}
