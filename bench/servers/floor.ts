import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { answers, type BenchServer, end, type Peer } from './server.ts';

/** The least that a send can be: see `floor-program.ts`. */
export const floor: Peer = {
  name: 'floor',
  async start(folder): Promise<BenchServer> {
    const port = await freePort();
    const child = spawn(process.execPath, [join(import.meta.dir, 'floor-program.ts'), join(folder, 'floor.db'), String(port)], { stdio: 'inherit' });
    const baseUrl = `http://127.0.0.1:${port}`;
    await answers(`${baseUrl}/_matrix/client/versions`, child);
    return {
      name: 'floor',
      version: '1',
      baseUrl,
      process: child,
      folder,
      register: async () => ({ token: 'floor', userId: '@floor:floor' }),
      stop: () => end(child),
    };
  },
};
