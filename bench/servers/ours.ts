import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findProgram } from '../../bin/bundle.mjs';
import { SERVER_ENV } from '../../bin/launcher.mjs';
import manifest from '../../package.json' with { type: 'json' };
import { freePort } from './free-port.ts';
import { databaseOf } from './postgres.ts';
import { type BenchServer, end, fileBytes, firstAnswer, type Peer, registerWith } from './server.ts';

const NO_LIMIT = '{ per_second: 1000000, burst_count: 1000000 }';
const ROOT = join(import.meta.dir, '../..');

/** This server with SQLite, its default. */
export const ours: Peer = {
  name: 'ours',
  what: 'Myelin with SQLite',
  pace: 1,
  start: (folder) => start('ours', folder, false),
};

/** This server with PostgreSQL. */
export const oursPostgres: Peer = {
  name: 'ours-postgres',
  what: 'Myelin with PostgreSQL 18 on the same machine',
  pace: 0.5,
  start: (folder) => start('ours-postgres', folder, true),
};

async function start(name: string, folder: string, withPostgres: boolean): Promise<BenchServer> {
  const port = await freePort();
  const database = withPostgres ? await databaseOf(folder) : undefined;
  const file = join(folder, 'homeserver.db');
  const args =
    database === undefined
      ? `name: sqlite3, args: { database: ${file} }`
      : `name: psycopg2, args: { dsn: '${database.url}' }`;
  const config = join(folder, 'homeserver.yaml');
  await writeFile(config, configOf(port, folder, args));
  // Profiling options for the runtime: BENCH_BUN_ARGS='--cpu-prof --cpu-prof-dir=/tmp/profile'.
  const runtimeArgs = (process.env.BENCH_BUN_ARGS ?? '').split(' ').filter((word) => word !== '');
  // What operators run: the launcher's bundle. The launcher itself would count as a part of the server.
  const program = await findProgram({ root: ROOT, bun: process.execPath, name: 'bench' });
  const child = spawn(process.execPath, [...runtimeArgs, program, 'serve', '--config', config], {
    cwd: folder,
    env: { ...SERVER_ENV, ...process.env },
    stdio: ['ignore', process.env.BENCH_VERBOSE === undefined ? 'ignore' : 'inherit', 'inherit'],
  });
  const baseUrl = `http://127.0.0.1:${port}`;
  const startMs = await firstAnswer(`${baseUrl}/_matrix/client/versions`, child);
  return {
    name,
    version: manifest.version,
    baseUrl,
    pids: [child.pid!],
    databasePids: database === undefined ? [] : [database.pid],
    startMs,
    folder,
    register: (username) => registerWith(baseUrl, username),
    diskBytes: async () => (database === undefined ? fileBytes(file) : database.sizeBytes()),
    async worstLagMs() {
      const text = await (await fetch(`${baseUrl}/_synapse/metrics`)).text();
      const found = /^myelin_event_loop_lag_max_seconds (\S+)/m.exec(text)?.[1];
      return found === undefined ? undefined : Number(found) * 1000;
    },
    stop: () => end(child),
  };
}

function configOf(port: number, folder: string, database: string): string {
  const limits = ['rc_message', 'rc_registration', 'rc_room_creation'].map((name) => `${name}: ${NO_LIMIT}`);
  return `server_name: localhost
public_baseurl: http://127.0.0.1:${port}/
data_dir: ${folder}
database: { ${database} }
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
`;
}
