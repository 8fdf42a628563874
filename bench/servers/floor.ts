import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { type BenchServer, end, fileBytes, firstAnswer, type Peer } from './server.ts';

/** The least that a send can be: see `floor-program.ts`. */
export const floor: Peer = {
  name: 'floor',
  what: 'the least a send can be: HTTP, token, canonical JSON, two SHA-256, one signature, four rows, fsync; no rules, no push',
  pace: 1,
  sendsOnly: true,
  async start(folder): Promise<BenchServer> {
    const port = await freePort();
    const file = join(folder, 'floor.db');
    const child = spawn(process.execPath, [join(import.meta.dir, 'floor-program.ts'), file, String(port)], {
      stdio: 'inherit',
    });
    const baseUrl = `http://127.0.0.1:${port}`;
    const startMs = await firstAnswer(`${baseUrl}/_matrix/client/versions`, child);
    return {
      name: 'floor',
      version: '1',
      baseUrl,
      pids: [child.pid!],
      databasePids: [],
      startMs,
      folder,
      register: async () => ({ token: 'floor', userId: '@floor:floor' }),
      diskBytes: async () => fileBytes(file),
      stop: () => end(child),
    };
  },
};
