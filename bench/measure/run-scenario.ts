import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import type { Bench, Measured, ProcessScenario, ServerScenario } from '../scenarios/scenario.ts';
import { dropDatabaseOf } from '../servers/postgres.ts';
import type { BenchServer, Peer } from '../servers/server.ts';
import { measureOn } from './measure.ts';

interface Settings {
  readonly scale: number;
  readonly full: boolean;
}

export interface ScenarioResults {
  /** Of the server that was measured. */
  readonly version: string;
  readonly results: readonly Measured[];
}

/** Starts a server in a folder of its own, does the scenario to it, and leaves nothing of either. */
export async function measureOnServer(
  scenario: ServerScenario,
  peer: Peer,
  settings: Settings,
  progress: (text: string) => void,
): Promise<ScenarioResults> {
  const folder = await mkdtemp(join(tmpdir(), `bench-${peer.name}-`));
  let server: BenchServer | undefined;
  try {
    server = await peer.start(folder);
    const bench: Bench = {
      ...settings,
      pace: peer.pace,
      progress,
      paced: (count, least) => Math.max(least, Math.round(count * peer.pace * settings.scale)),
      measure: (work, about) => measureOn(server!, work, about?.cell),
      async restart() {
        await server!.stop();
        const diskBytes = await server!.diskBytes();
        server = await peer.start(folder);
        return { server, diskBytes };
      },
    };
    return { version: server.version, results: await scenario.run(server, bench) };
  } finally {
    await server?.stop();
    await dropDatabaseOf(folder);
    await rm(folder, { recursive: true, force: true });
  }
}

export async function measureInProcess(
  scenario: ProcessScenario,
  settings: Settings,
  progress: (text: string) => void,
): Promise<ScenarioResults> {
  return { version: manifest.version, results: await scenario.runInProcess({ ...settings, progress }) };
}
