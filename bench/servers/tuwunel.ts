import { spawn, spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { type BenchServer, end, fileBytes, firstAnswer, type Peer, registerWith } from './server.ts';

const TOKEN = 'bench';

/** Tuwunel, where MYELIN_BENCH_TUWUNEL names its binary. Its store, RocksDB, does not fsync each commit unless told to. */
export const tuwunel: Peer = {
  name: 'tuwunel',
  what: 'Tuwunel with its RocksDB, settings as they come: a commit is acknowledged before it is on disk',
  pace: 1,
  async start(folder): Promise<BenchServer> {
    const binary = process.env.MYELIN_BENCH_TUWUNEL;
    if (binary === undefined) throw new Error('MYELIN_BENCH_TUWUNEL must name the binary of Tuwunel');
    const port = await freePort();
    const config = join(folder, 'tuwunel.toml');
    const store = join(folder, 'database');
    await writeFile(
      config,
      `[global]
server_name = "localhost"
address = ["127.0.0.1"]
port = ${port}
database_path = "${store}"
allow_registration = true
registration_token = "${TOKEN}"
allow_federation = false
trusted_servers = []
log = "error"
`,
    );
    const child = spawn(binary, ['-c', config], { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
    const baseUrl = `http://127.0.0.1:${port}`;
    const startMs = await firstAnswer(`${baseUrl}/_matrix/client/versions`, child);
    return {
      name: 'tuwunel',
      version: spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout.trim(),
      baseUrl,
      pids: [child.pid!],
      databasePids: [],
      startMs,
      folder,
      register: (username) => registerWith(baseUrl, username, { type: 'm.login.registration_token', token: TOKEN }),
      diskBytes: async () => fileBytes(store),
      stop: () => end(child),
    };
  },
};
