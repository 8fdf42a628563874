import { spawn, spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { existsSync, readdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { databaseOf } from './postgres.ts';
import { ask, type BenchAccount, type BenchServer, end, fileBytes, firstAnswer, type Peer } from './server.ts';

/** The virtual environment is made once and kept. */
const VENV = join(import.meta.dir, '../.cache/synapse');
const PYTHON = join(VENV, 'bin/python');
const SECRET = 'bench';
const NO_LIMIT = '{ per_second: 1000000, burst_count: 1000000 }';

/** Synapse from PyPI with SQLite, in one process, its disk writes as they come. */
export const synapse: Peer = {
  name: 'synapse',
  what: 'Synapse from PyPI with SQLite, one process, settings as they come but for rate limits',
  pace: 1 / 20,
  start: (folder) => start('synapse', folder, false),
};

/** Synapse with PostgreSQL. */
export const synapsePostgres: Peer = {
  name: 'synapse-postgres',
  what: 'Synapse from PyPI with PostgreSQL 18 on the same machine, one process',
  pace: 1 / 40,
  start: (folder) => start('synapse-postgres', folder, true),
};

async function start(name: string, folder: string, withPostgres: boolean): Promise<BenchServer> {
  install();
  const port = await freePort();
  const database = withPostgres ? await databaseOf(folder) : undefined;
  const file = join(folder, 'homeserver.db');
  const config = join(folder, 'homeserver.yaml');
  await writeFile(
    config,
    configOf(
      port,
      folder,
      database === undefined ? `name: sqlite3, args: { database: ${file} }` : psycopg(database.url),
    ),
  );
  await writeFile(join(folder, 'log.yaml'), 'version: 1\nroot: { level: ERROR }\n');
  const args = ['-m', 'synapse.app.homeserver', '-c', config];
  spawnSync(PYTHON, [...args, '--generate-keys'], { stdio: 'ignore', cwd: folder });
  const child = spawn(PYTHON, args, { stdio: ['ignore', 'ignore', 'inherit'], cwd: folder });
  const baseUrl = `http://127.0.0.1:${port}`;
  const startMs = await firstAnswer(`${baseUrl}/_matrix/client/versions`, child);
  return {
    name,
    version: installedVersion(),
    baseUrl,
    pids: [child.pid!],
    databasePids: database === undefined ? [] : [database.pid],
    startMs,
    folder,
    register: (username) => registerByAdmin(baseUrl, username),
    diskBytes: async () => (database === undefined ? fileBytes(...sqliteFiles(folder)) : database.sizeBytes()),
    stop: () => end(child),
  };
}

function install(): void {
  if (existsSync(join(VENV, 'bin/synapse_homeserver'))) return;
  for (const [command, ...args] of [
    ['python3', '-m', 'venv', VENV],
    [join(VENV, 'bin/pip'), 'install', '--quiet', 'matrix-synapse', 'psycopg2-binary'],
  ] as const) {
    if (spawnSync(command, args, { stdio: 'inherit' }).status !== 0) throw new Error('Synapse could not be installed');
  }
}

function installedVersion(): string {
  const { stdout } = spawnSync(PYTHON, ['-c', 'import importlib.metadata as m; print(m.version("matrix-synapse"))'], {
    encoding: 'utf8',
  });
  return stdout.trim();
}

async function registerByAdmin(baseUrl: string, username: string): Promise<BenchAccount> {
  const path = '/_synapse/admin/v1/register';
  const { nonce } = await ask(baseUrl, 'GET', path);
  const mac = createHmac('sha1', SECRET).update(`${nonce}\0${username}\0bench-password\0notadmin`).digest('hex');
  const made = await ask(baseUrl, 'POST', path, undefined, {
    nonce,
    username,
    password: 'bench-password',
    admin: false,
    mac,
  });
  return { token: made.access_token as string, userId: made.user_id as string };
}

/** With what a stopped server has left of its log. */
function sqliteFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith('homeserver.db'))
    .map((name) => join(folder, name));
}

function psycopg({ hostname, port, username, pathname }: URL): string {
  return `name: psycopg2, args: { host: ${hostname}, port: ${port}, user: ${username}, dbname: ${pathname.slice(1)}, cp_min: 5, cp_max: 10 }`;
}

function configOf(port: number, folder: string, database: string): string {
  return `server_name: localhost
pid_file: ${folder}/pid
listeners: [{ port: ${port}, type: http, bind_addresses: ['127.0.0.1'], resources: [{ names: [client] }] }]
database: { ${database} }
media_store_path: ${folder}/media
signing_key_path: ${folder}/signing.key
log_config: ${folder}/log.yaml
registration_shared_secret: ${SECRET}
macaroon_secret_key: ${SECRET}
form_secret: ${SECRET}
report_stats: false
trusted_key_servers: []
suppress_key_server_warning: true
# Making accounts is no part of any scenario.
bcrypt_rounds: 4
rc_message: ${NO_LIMIT}
rc_registration: ${NO_LIMIT}
rc_room_creation: ${NO_LIMIT}
rc_login: { address: ${NO_LIMIT}, account: ${NO_LIMIT}, failed_attempts: ${NO_LIMIT} }
rc_joins: { local: ${NO_LIMIT}, remote: ${NO_LIMIT} }
rc_joins_per_room: ${NO_LIMIT}
rc_invites: { per_room: ${NO_LIMIT}, per_user: ${NO_LIMIT}, per_issuer: ${NO_LIMIT} }
`;
}
