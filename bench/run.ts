/**
 * Runs scenarios against servers, one after the other and again: A B A B, so that a machine whose speed drifts favours nobody.
 *
 *     bun bench/run.ts send-10 sync-idle --against ours,floor,synapse [--rounds 3] [--scale 1]
 *
 * Each server starts in a temporary folder, on loopback, with rate limits off and durability on. Every measurement is a line of
 * JSON in `bench/results/<scenario>.jsonl`; medians and ratios are printed.
 */
import { spawnSync } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Measured, Scenario } from './scenarios/scenario.ts';
import { send1, send10, send32 } from './scenarios/send.ts';
import { syncIdle } from './scenarios/sync-idle.ts';
import { floor } from './servers/floor.ts';
import { ours } from './servers/ours.ts';
import { type Peer, usageOf } from './servers/server.ts';
import { synapse } from './servers/synapse.ts';

const SCENARIOS: readonly Scenario[] = [send1, send10, send32, syncIdle];
const PEERS: readonly Peer[] = [ours, floor, synapse];

interface Line extends Measured {
  readonly scenario: string;
  readonly server: string;
  readonly version: string;
  readonly round: number;
  readonly perSecond: number;
  /** Of the server, for each operation. */
  readonly cpuMs: number;
  readonly rssBytes: number;
  readonly peakRssBytes: number;
  readonly diskBytes: number;
  readonly commit: string;
  readonly at: string;
  readonly machine: string;
  readonly scale: number;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    against: { type: 'string', default: 'ours,floor' },
    rounds: { type: 'string', default: '3' },
    scale: { type: 'string', default: '1' },
  },
});
const chosen = SCENARIOS.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
const peers = values.against.split(',').map((name) => {
  const peer = PEERS.find((one) => one.name === name);
  if (peer === undefined) throw new Error(`no server ${name}; there are ${PEERS.map((one) => one.name).join(', ')}`);
  return peer;
});
if (chosen.length === 0) throw new Error(`no such scenario; there are ${SCENARIOS.map(({ name }) => name).join(', ')}`);
const commit = spawnSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).stdout.trim();
await mkdir(join(import.meta.dir, 'results'), { recursive: true });

for (const scenario of chosen) {
  const lines: Line[] = [];
  for (let round = 1; round <= Number(values.rounds); round++) {
    for (const peer of peers) {
      process.stderr.write(`${scenario.name}, round ${round} of ${values.rounds}: ${peer.name} ... `);
      const line = await measureOnce(scenario, peer, round);
      process.stderr.write(`${line.perSecond.toFixed(0)}/s, p99 ${line.p99.toFixed(2)} ms, ${line.cpuMs.toFixed(3)} ms CPU\n`);
      lines.push(line);
      await appendFile(join(import.meta.dir, 'results', `${scenario.name}.jsonl`), `${JSON.stringify(line)}\n`);
    }
  }
  report(scenario, lines);
}
process.exit(0);

async function measureOnce(scenario: Scenario, peer: Peer, round: number): Promise<Line> {
  const folder = await mkdtemp(join(tmpdir(), `bench-${peer.name}-`));
  const server = await peer.start(folder);
  try {
    const pid = server.process.pid!;
    let cpuSeconds = 0;
    const measured = await scenario.run(
      server,
      async (work) => {
        const before = usageOf(pid).cpuSeconds;
        const result = await work();
        cpuSeconds = usageOf(pid).cpuSeconds - before;
        return result;
      },
      { scale: Number(values.scale) },
    );
    const { rssBytes, peakRssBytes } = usageOf(pid);
    const disk = spawnSync('du', ['-sb', folder], { encoding: 'utf8' }).stdout;
    return {
      scenario: scenario.name,
      server: server.name,
      version: server.version,
      round,
      ...measured,
      perSecond: measured.operations / measured.seconds,
      cpuMs: (1000 * cpuSeconds) / measured.operations,
      rssBytes,
      peakRssBytes,
      diskBytes: Number.parseInt(disk, 10),
      commit,
      at: new Date().toISOString(),
      machine: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown'}`,
      scale: Number(values.scale),
    };
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function report(scenario: Scenario, lines: readonly Line[]): void {
  const median = (server: string, of: (line: Line) => number) => {
    const sorted = lines.filter((line) => line.server === server).map(of).toSorted((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  };
  console.log(`\n${scenario.name}: ${scenario.what}`);
  for (const { name } of peers) {
    const perSecond = median(name, (line) => line.perSecond);
    const ratio = perSecond / median(peers[0]!.name, (line) => line.perSecond);
    console.log(
      `  ${name.padEnd(10)} ${perSecond.toFixed(0).padStart(7)}/s  p50 ${median(name, (line) => line.p50).toFixed(2)} ms  p99 ${median(name, (line) => line.p99).toFixed(2)} ms  ` +
        `${median(name, (line) => line.cpuMs).toFixed(3)} ms CPU  ${(median(name, (line) => line.peakRssBytes) / 1e6).toFixed(0)} MB peak  x${ratio.toFixed(2)} of ${peers[0]!.name}`,
    );
  }
}
