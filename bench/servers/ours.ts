import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { freePort } from './free-port.ts';
import { answers, ask, type BenchServer, end, type Peer } from './server.ts';

const NO_LIMIT = '{ per_second: 1000000, burst_count: 1000000 }';
const PROGRAM = join(import.meta.dir, '../../src/app/main.ts');

/** This server, with SQLite. */
export const ours: Peer = {
  name: 'ours',
  async start(folder): Promise<BenchServer> {
    const port = await freePort();
    const limits = ['rc_message', 'rc_registration', 'rc_room_creation'].map((name) => `${name}: ${NO_LIMIT}`);
    await writeFile(
      join(folder, 'homeserver.yaml'),
      `server_name: localhost
public_baseurl: http://127.0.0.1:${port}/
data_dir: ${folder}
listeners: [{ port: ${port}, bind_addresses: ['127.0.0.1'], resources: [{ names: [client, federation, metrics] }] }]
enable_registration: true
enable_registration_without_verification: true
enable_metrics: true
trusted_key_servers: []
log: { level: warn }
${limits.join('\n')}
rc_login: { address: ${NO_LIMIT}, account: ${NO_LIMIT}, failed_attempts: ${NO_LIMIT} }
rc_joins: { local: ${NO_LIMIT}, remote: ${NO_LIMIT} }
rc_joins_per_room: ${NO_LIMIT}
rc_invites: { per_room: ${NO_LIMIT}, per_user: ${NO_LIMIT}, per_issuer: ${NO_LIMIT} }
`,
    );
    const child = spawn(process.execPath, [PROGRAM, 'serve', '--config', join(folder, 'homeserver.yaml')], {
      cwd: folder,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    const baseUrl = `http://127.0.0.1:${port}`;
    await answers(`${baseUrl}/_matrix/client/versions`, child);
    return {
      name: 'ours',
      version: manifest.version,
      baseUrl,
      process: child,
      folder,
      async register(username) {
        const made = await ask(baseUrl, 'POST', '/_matrix/client/v3/register', undefined, { username, password: 'bench-password', auth: { type: 'm.login.dummy' } });
        return { token: made.access_token as string, userId: made.user_id as string };
      },
      stop: () => end(child),
    };
  },
};
