/**
 * What `bin/myelin` and the tools share: makes sure that the pinned dependencies are installed, finds the pinned Bun among
 * them, and runs it in place of this process. Plain Node, and nothing else: this runs before anything is installed.
 */
import { spawn, spawnSync } from 'node:child_process';
import { accessSync, chmodSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

const FORWARDED_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'];
/** A terminal sends these to the whole process group, hence to Bun as well. */
const SENT_BY_TERMINALS = ['SIGINT', 'SIGQUIT'];
/** npm lays a short text in the place of Bun's executable until an install script has replaced it. */
const SMALLEST_BUN_BYTES = 1_000_000;

/**
 * Installs what the lock file pins if any of it is missing or of another version.
 * @param {{ root?: string, withDev?: boolean, name: string }} options `name` starts the line that says so.
 */
export function ensureDependencies({ root = ROOT, withDev = false, name }) {
  const manifest = readJson(join(root, 'package.json'));
  const wanted = { ...manifest.dependencies, ...(withDev ? manifest.devDependencies : {}) };
  const missing = Object.keys(wanted).filter((dependency) => !isInstalled(root, dependency, wanted[dependency]));
  if (missing.length === 0) return;
  // `npm ci` starts from nothing: development dependencies that are there should still be there afterwards.
  const hasDev = Object.keys(manifest.devDependencies ?? {}).some((dependency) => installedVersion(root, dependency));
  const common = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  if (!withDev && !hasDev) common.push('--omit=dev');
  process.stderr.write(`${name}: installing dependencies (npm ci --ignore-scripts), once\n`);
  if (runNpm(root, ['ci', ...common]).ok) return;
  // A lock file made with a registry that lacks packages of other platforms is refused by `npm ci`, though all that this
  // platform needs stands in it. `npm install` then takes just that, and leaves the lock file alone.
  const { ok, output } = runNpm(root, ['install', '--no-save', ...common]);
  if (!ok) throw new Error(`${output.trim()}\n${name}: npm install failed; run "npm ci" in ${root} to see why`);
}

/** @returns {{ ok: boolean, output: string }} */
function runNpm(root, args) {
  const { command, prefix } = findNpm();
  const { status, stdout, stderr, error } = spawnSync(command, [...prefix, ...args], {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return { ok: status === 0, output: error?.message ?? `${stdout}${stderr}` };
}

/** npm beside this Node, or wherever PATH has it. */
function findNpm() {
  const script = process.env.npm_execpath;
  if (script?.endsWith('npm-cli.js') && existsSync(script)) return { command: process.execPath, prefix: [script] };
  const folders = [dirname(process.execPath), ...(process.env.PATH ?? '').split(delimiter)];
  const folder = folders.find((candidate) => candidate !== '' && existsSync(join(candidate, 'npm')));
  if (folder === undefined) throw new Error('npm was not found; it is needed once, to install the dependencies');
  return { command: join(folder, 'npm'), prefix: [] };
}

const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

function installedVersion(root, dependency) {
  try {
    return readJson(join(root, 'node_modules', dependency, 'package.json')).version;
  } catch {
    return undefined;
  }
}

/** Ranges are npm's business: only exact versions are compared. */
function isInstalled(root, dependency, wanted) {
  const version = installedVersion(root, dependency);
  return version !== undefined && (!/^\d/.test(wanted) || version === wanted);
}

/**
 * The executable of the pinned Bun. It lies in the package of this platform; where npm did run Bun's install script, that
 * script has moved it into the package `bun`.
 * @param {{ root?: string, platform?: NodeJS.Platform, arch?: string, musl?: boolean, oldCpu?: boolean }} options
 */
export function findBun({
  root = ROOT,
  platform = process.platform,
  arch = process.arch,
  musl = isMusl(),
  oldCpu = lacksAvx2(),
} = {}) {
  const given = process.env.MYELIN_BUN;
  if (given !== undefined && given !== '') return given;
  const exe = platform === 'win32' ? 'bun.exe' : 'bun';
  const packages = bunPackages({ platform, arch, musl, oldCpu });
  const candidates = [
    ...packages.map((name) => join(root, 'node_modules', '@oven', name, 'bin', exe)),
    join(root, 'node_modules', 'bun', 'bin', 'bun.exe'),
  ];
  const found = candidates.find(isExecutable);
  if (found === undefined) {
    throw new Error(
      `no Bun for ${platform} ${arch}${musl ? ' (musl)' : ''} in ${join(root, 'node_modules')}: none of ` +
        `@oven/${packages.join(', @oven/')} is installed. Run "npm ci" there, or set MYELIN_BUN to a Bun executable`,
    );
  }
  return found;
}

/** Names of Bun's packages that run here, the best first. Some versions have a `-baseline` for processors without AVX2. */
export function bunPackages({ platform, arch, musl, oldCpu }) {
  const os = platform === 'win32' ? 'windows' : platform;
  const cpu = arch === 'arm64' ? 'aarch64' : arch;
  const name = `bun-${os}-${cpu}${platform === 'linux' && musl ? '-musl' : ''}`;
  if (cpu !== 'x64') return [name];
  return oldCpu ? [`${name}-baseline`, name] : [name, `${name}-baseline`];
}

function isExecutable(path) {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats?.isFile() || stats.size < SMALLEST_BUN_BYTES) return false;
  try {
    accessSync(path, constants.X_OK);
  } catch {
    // Some archives lose file modes.
    chmodSync(path, 0o755);
  }
  return true;
}

/** Told by what this Node itself runs on; `process.report` knows too, and takes ten times as long. */
function isMusl() {
  if (process.platform !== 'linux') return false;
  try {
    return readFileSync('/proc/self/maps', 'utf8').includes('/ld-musl-');
  } catch {
    return false;
  }
}

function lacksAvx2() {
  if (process.platform !== 'linux' || process.arch !== 'x64') return false;
  try {
    return !/^flags\s*:.*\bavx2\b/m.test(readFileSync('/proc/cpuinfo', 'utf8'));
  } catch {
    return false;
  }
}

/**
 * How the runtime is to run a server, unless the environment says otherwise. Its last compiler costs a second of CPU after each start and
 * makes nothing faster that a server does: see docs/decisions/0019.
 */
export const SERVER_ENV = { BUN_JSC_useFTLJIT: '0' };

/**
 * Runs Bun as if it were this process: same standard streams, signals passed on, same end.
 * @param {string[]} args
 * @param {{ bun?: string, cwd?: string, env?: Record<string, string> }} options `env`: defaults of variables.
 */
export function runBun(args, { bun = findBun(), cwd, env = {} } = {}) {
  const child = spawn(bun, args, {
    stdio: 'inherit',
    ...(cwd === undefined ? {} : { cwd }),
    // Lets the server notice when this process was killed, which no signal handler can tell it.
    env: { ...env, ...process.env, MYELIN_LAUNCHER_PID: String(process.pid) },
  });
  for (const signal of FORWARDED_SIGNALS) {
    process.on(signal, () => {
      if (!(process.stdin.isTTY && SENT_BY_TERMINALS.includes(signal))) child.kill(signal);
    });
  }
  child.on('error', (error) => fail(error));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const forwarded of FORWARDED_SIGNALS) process.removeAllListeners(forwarded);
    process.kill(process.pid, signal);
    // Signals whose default is not to end a process.
    setTimeout(() => process.exit(1), 100);
  });
}

/** Says what is wrong and ends with code 1. */
export function fail(error, name = 'myelin') {
  process.stderr.write(`${name}: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
