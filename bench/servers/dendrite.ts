import { spawn, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { databaseOf } from './postgres.ts';
import { type BenchServer, end, firstAnswer, type Peer, registerWith } from './server.ts';

/** Dendrite with PostgreSQL, where MYELIN_BENCH_DENDRITE names its binary. */
export const dendrite: Peer = {
  name: 'dendrite',
  what: 'Dendrite with PostgreSQL 18 on the same machine',
  pace: 1 / 40,
  async start(folder): Promise<BenchServer> {
    const binary = process.env.MYELIN_BENCH_DENDRITE;
    if (binary === undefined) throw new Error('MYELIN_BENCH_DENDRITE must name the binary of Dendrite');
    const port = await freePort();
    const database = await databaseOf(folder);
    const keyFile = join(folder, 'matrix_key.pem');
    if (!existsSync(keyFile)) await writeFile(keyFile, newKey());
    const config = join(folder, 'dendrite.yaml');
    await writeFile(
      config,
      `version: 2
global:
  server_name: localhost
  private_key: ${keyFile}
  disable_federation: true
  database: { connection_string: '${database.url}?sslmode=disable', max_open_conns: 50 }
  jetstream: { storage_path: ${folder}/jetstream }
  presence: { enable_inbound: false, enable_outbound: false }
client_api:
  registration_disabled: false
  rate_limiting: { enabled: false }
media_api: { base_path: ${folder}/media }
sync_api: { search: { enabled: false } }
logging: [{ type: std, level: error }]
`,
    );
    const child = spawn(
      binary,
      ['-config', config, '-http-bind-address', `127.0.0.1:${port}`, '-really-enable-open-registration'],
      { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] },
    );
    const baseUrl = `http://127.0.0.1:${port}`;
    const startMs = await firstAnswer(`${baseUrl}/_matrix/client/versions`, child);
    return {
      name: 'dendrite',
      version: spawnSync(binary, ['-version'], { encoding: 'utf8' }).stdout.trim(),
      baseUrl,
      pids: [child.pid!],
      databasePids: [database.pid],
      startMs,
      folder,
      register: (username) => registerWith(baseUrl, username),
      diskBytes: () => database.sizeBytes(),
      stop: () => end(child),
    };
  },
};

/** A signing key in Dendrite's own file format: the seed, as PEM. */
function newKey(): string {
  const { privateKey } = generateKeyPairSync('ed25519');
  const seed = Buffer.from(privateKey.export({ format: 'jwk' }).d ?? '', 'base64url');
  return `-----BEGIN MATRIX PRIVATE KEY-----\nKey-ID: ed25519:bench\n\n${seed.toString('base64')}\n-----END MATRIX PRIVATE KEY-----\n`;
}
