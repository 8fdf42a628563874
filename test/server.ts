/** A real server as a process of its own, in a temporary folder, for tests that need the whole program. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROGRAM = join(import.meta.dir, '../src/app/main.ts');
export const SHARED_SECRET = 'only for tests';

export interface ServerOptions {
  /** Synapse's `database` section, as YAML in one line; SQLite in the folder if left out. */
  readonly database?: string;
  /** Further lines of the configuration. */
  readonly config?: string;
}

/** A running server. */
export interface TestServer {
  readonly baseUrl: string;
  readonly serverName: string;
  readonly folder: string;
  readonly process: ChildProcess;
  /** What it has printed. */
  log(): string;
  /** Ends it as the power cut would. */
  kill(): Promise<void>;
  /** Starts it again on the same folder and port. */
  restart(): Promise<void>;
  /** Ends it in good order and removes its folder. */
  stop(): Promise<void>;
}

const NO_LIMIT = '{ per_second: 100000, burst_count: 100000 }';
const LIMITS = [
  'rc_message',
  'rc_registration',
  'rc_registration_token_validity',
  'rc_room_creation',
  'rc_reports',
  'rc_media_create',
]
  .map((name) => `${name}: ${NO_LIMIT}`)
  .concat([
    `rc_login: { address: ${NO_LIMIT}, account: ${NO_LIMIT}, failed_attempts: ${NO_LIMIT} }`,
    `rc_joins: { local: ${NO_LIMIT}, remote: ${NO_LIMIT} }`,
    `rc_joins_per_room: ${NO_LIMIT}`,
    `rc_invites: { per_room: ${NO_LIMIT}, per_user: ${NO_LIMIT}, per_issuer: ${NO_LIMIT} }`,
  ])
  .join('\n');

export async function startServer(options: ServerOptions = {}): Promise<TestServer> {
  const folder = await mkdtemp(join(tmpdir(), 'myelin-'));
  const port = await freePort();
  await writeFile(
    join(folder, 'homeserver.yaml'),
    `server_name: localhost
public_baseurl: http://127.0.0.1:${port}/
data_dir: ${folder}
listeners: [{ port: ${port}, bind_addresses: ['127.0.0.1'], resources: [{ names: [client, federation, media, metrics] }] }]
enable_metrics: true
database: ${options.database ?? `{ name: sqlite3, args: { database: ${folder}/homeserver.db } }`}
registration_shared_secret: ${SHARED_SECRET}
enable_registration: true
enable_registration_without_verification: true
trusted_key_servers: []
${LIMITS}
${options.config ?? ''}
`,
  );
  let output = '';
  const baseUrl = `http://127.0.0.1:${port}`;
  const launch = async (): Promise<ChildProcess> => {
    const child = spawn(process.execPath, [PROGRAM, 'serve', '--config', join(folder, 'homeserver.yaml')], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout?.on('data', (text) => (output += text));
    child.stderr?.on('data', (text) => (output += text));
    await answers(`${baseUrl}/health`, child, () => output);
    return child;
  };
  let child = await launch();
  const end = (signal: NodeJS.Signals) =>
    new Promise<void>((resolve) => {
      if (child.exitCode !== null || child.signalCode !== null) return resolve();
      child.once('exit', () => resolve());
      child.kill(signal);
    });
  return {
    baseUrl,
    serverName: 'localhost',
    folder,
    get process() {
      return child;
    },
    log: () => output,
    kill: () => end('SIGKILL'),
    async restart() {
      child = await launch();
    },
    async stop() {
      await end('SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function answers(url: string, child: ChildProcess, output: () => string): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (child.exitCode !== null) throw new Error(`the server ended at its start:\n${output()}`);
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the server does not answer:\n${output()}`);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() =>
        typeof address === 'object' && address !== null ? resolve(address.port) : reject(new Error('no port')),
      );
    });
  });
}

/** Asks a client-server endpoint; answers the JSON, or throws with status and body. */
export async function call(
  server: { readonly baseUrl: string },
  method: string,
  path: string,
  options: { readonly token?: string; readonly body?: unknown } = {},
): Promise<Record<string, unknown>> {
  const response = await fetch(`${server.baseUrl}${path}`, {
    method,
    headers: {
      ...(options.token === undefined ? {} : { authorization: `Bearer ${options.token}` }),
      ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text) as Record<string, unknown>;
}

export interface Account {
  readonly userId: string;
  readonly token: string;
  readonly deviceId: string;
}

/** Makes an account with the dummy stage. */
export async function register(
  server: { readonly baseUrl: string },
  username: string,
  password = `${username}-password`,
): Promise<Account> {
  const answer = await call(server, 'POST', '/_matrix/client/v3/register', {
    body: { username, password, auth: { type: 'm.login.dummy' } },
  });
  return {
    userId: answer.user_id as string,
    token: answer.access_token as string,
    deviceId: answer.device_id as string,
  };
}
