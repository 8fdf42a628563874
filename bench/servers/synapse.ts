import { spawn, spawnSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { answers, ask, type BenchServer, end, type Peer } from './server.ts';

/** The virtual environment is made once and kept. */
const VENV = join(import.meta.dir, '../.cache/synapse');
const PYTHON = join(VENV, 'bin/python');
const SECRET = 'bench';
const NO_LIMIT = '{ per_second: 1000000, burst_count: 1000000 }';

function install(): void {
  if (existsSync(join(VENV, 'bin/synapse_homeserver'))) return;
  for (const [command, ...args] of [
    ['python3', '-m', 'venv', VENV],
    [join(VENV, 'bin/pip'), 'install', '--quiet', 'matrix-synapse'],
  ] as const) {
    if (spawnSync(command, args, { stdio: 'inherit' }).status !== 0) throw new Error('Synapse could not be installed');
  }
}

/** Synapse from PyPI with SQLite, on one process, its disk writes synchronous as it comes. */
export const synapse: Peer = {
  name: 'synapse',
  async start(folder): Promise<BenchServer> {
    install();
    const port = await freePort();
    const config = join(folder, 'homeserver.yaml');
    await writeFile(
      config,
      `server_name: localhost
pid_file: ${folder}/pid
listeners: [{ port: ${port}, type: http, bind_addresses: ['127.0.0.1'], resources: [{ names: [client] }] }]
database: { name: sqlite3, args: { database: ${folder}/homeserver.db } }
media_store_path: ${folder}/media
signing_key_path: ${folder}/signing.key
log_config: ${folder}/log.yaml
registration_shared_secret: ${SECRET}
macaroon_secret_key: ${SECRET}
form_secret: ${SECRET}
report_stats: false
trusted_key_servers: []
suppress_key_server_warning: true
rc_message: ${NO_LIMIT}
rc_registration: ${NO_LIMIT}
rc_login: { address: ${NO_LIMIT}, account: ${NO_LIMIT}, failed_attempts: ${NO_LIMIT} }
rc_joins: { local: ${NO_LIMIT}, remote: ${NO_LIMIT} }
rc_joins_per_room: ${NO_LIMIT}
rc_invites: { per_room: ${NO_LIMIT}, per_user: ${NO_LIMIT}, per_issuer: ${NO_LIMIT} }
`,
    );
    await writeFile(join(folder, 'log.yaml'), 'version: 1\nroot: { level: WARNING }\n');
    spawnSync(PYTHON, ['-m', 'synapse.app.homeserver', '-c', config, '--generate-keys'], { stdio: 'ignore' });
    const child = spawn(PYTHON, ['-m', 'synapse.app.homeserver', '-c', config], { stdio: ['ignore', 'ignore', 'inherit'] });
    const baseUrl = `http://127.0.0.1:${port}`;
    await answers(`${baseUrl}/_matrix/client/versions`, child);
    const version = spawnSync(join(VENV, 'bin/pip'), ['show', 'matrix-synapse'], { encoding: 'utf8' }).stdout.match(/^Version: (.*)$/m)?.[1] ?? '?';
    return {
      name: 'synapse',
      version,
      baseUrl,
      process: child,
      folder,
      async register(username) {
        const { nonce } = await ask(baseUrl, 'GET', '/_synapse/admin/v1/register');
        const mac = createHmac('sha1', SECRET).update(`${nonce}\0${username}\0bench-password\0notadmin`).digest('hex');
        const made = await ask(baseUrl, 'POST', '/_synapse/admin/v1/register', undefined, { nonce, username, password: 'bench-password', admin: false, mac });
        return { token: made.access_token as string, userId: made.user_id as string };
      },
      stop: () => end(child),
    };
  },
};
