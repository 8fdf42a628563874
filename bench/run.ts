/**
 * Runs scenarios against servers, one after the other and again: A B A B, so that a machine whose speed drifts favours nobody.
 *
 *     npm run bench -- send-10 sync-idle --against ours,floor,synapse [--rounds 3] [--scale 1] [--full]
 *
 * Each server starts in a temporary folder, on loopback, with rate limits off and durability as it comes. Every measurement is
 * a line of JSON in `bench/results/<scenario>.jsonl`; medians and ratios are printed. `bench/report.ts` makes the page.
 */
import { parseArgs } from 'node:util';
import { measureInProcess, measureOnServer } from './measure/run-scenario.ts';
import { appendResult, median, type ResultLine, surroundings } from './results-file.ts';
import { SCENARIOS } from './scenarios/index.ts';
import type { Scenario } from './scenarios/scenario.ts';
import { PEERS } from './servers/index.ts';
import type { Peer } from './servers/server.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    against: { type: 'string', default: 'ours,floor' },
    rounds: { type: 'string', default: '3' },
    scale: { type: 'string', default: '1' },
    full: { type: 'boolean', default: false },
  },
});
const settings = { scale: Number(values.scale), full: values.full, rounds: Number(values.rounds) };
const run = new Date().toISOString();
const scenarios = positionals.length === 0 ? SCENARIOS : positionals.map((name) => named(SCENARIOS, name, 'scenario'));
const peers = values.against.split(',').map((name) => named(PEERS, name, 'server'));

for (const scenario of scenarios) {
  const lines: ResultLine[] = [];
  const takesPart = (peer: Peer) => peer.sendsOnly !== true || ('sendsOnly' in scenario && scenario.sendsOnly === true);
  for (let round = 1; round <= settings.rounds; round++) {
    if ('runInProcess' in scenario) lines.push(...(await measureRound(scenario, undefined, round)));
    else for (const peer of peers.filter(takesPart)) lines.push(...(await measureRound(scenario, peer, round)));
  }
  print(scenario, lines);
}
process.exit(0);

function named<T extends { readonly name: string }>(all: readonly T[], name: string, kind: string): T {
  const found = all.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no ${kind} ${name}; there are ${all.map((one) => one.name).join(', ')}`);
  return found;
}

async function measureRound(scenario: Scenario, peer: Peer | undefined, round: number): Promise<ResultLine[]> {
  const label = `${scenario.name}, round ${round} of ${settings.rounds}: ${peer?.name ?? 'ours'}`;
  const progress = (text: string): void => {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${label} ... ${text}`);
  };
  progress('starting');
  const around = surroundings();
  const { version, results } =
    'runInProcess' in scenario
      ? await measureInProcess(scenario, settings, progress)
      : await measureOnServer(scenario, peer!, settings, progress);
  const lines = results.map((measured) => ({
    run,
    at: new Date().toISOString(),
    scenario: scenario.name,
    server: peer?.name ?? 'ours',
    version,
    round,
    ...measured,
    perSecond: measured.operations / measured.seconds,
    settings,
    ...around,
  }));
  for (const line of lines) appendResult(line);
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  for (const line of lines)
    process.stderr.write(`${label}${line.cell === undefined ? '' : `, ${line.cell}`}: ${figuresOf(line)}\n`);
  return lines;
}

function figuresOf({ perSecond, p50, p99, cpuMs, clientCpuMs, lagMs, peakRssBytes, more }: ResultLine): string {
  return [
    `${perSecond.toFixed(perSecond < 20 ? 2 : 0)}/s`,
    `p50 ${p50.toFixed(2)} ms`,
    `p99 ${p99.toFixed(2)} ms`,
    `${cpuMs.toFixed(3)} ms CPU (load generator ${clientCpuMs.toFixed(3)})`,
    `${(peakRssBytes / 1e6).toFixed(0)} MB peak`,
    ...(lagMs === undefined ? [] : [`lag ${lagMs.toFixed(0)} ms`]),
    ...Object.entries(more ?? {}).map(([name, value]) => `${name} ${Math.round(value * 100) / 100}`),
  ].join(', ');
}

function print(scenario: Scenario, lines: readonly ResultLine[]): void {
  console.log(`\n${scenario.name}: ${scenario.what}`);
  for (const cell of new Set(lines.map((line) => line.cell))) {
    const ofCell = lines.filter((line) => line.cell === cell);
    const middle = (server: string, of: (line: ResultLine) => number) =>
      median(ofCell.filter((line) => line.server === server).map(of));
    const servers = [...new Set(ofCell.map(({ server }) => server))];
    if (cell !== undefined) console.log(`  ${cell}`);
    for (const server of servers) {
      const perSecond = middle(server, (line) => line.perSecond);
      console.log(
        `  ${server.padEnd(17)}${perSecond.toFixed(perSecond < 20 ? 2 : 0).padStart(8)}/s  p50 ${middle(server, (line) => line.p50).toFixed(2)} ms  ` +
          `p99 ${middle(server, (line) => line.p99).toFixed(2)} ms  ${middle(server, (line) => line.cpuMs).toFixed(3)} ms CPU  ` +
          `${(middle(server, (line) => line.peakRssBytes) / 1e6).toFixed(0)} MB peak  x${(perSecond / middle(servers[0]!, (line) => line.perSecond)).toFixed(2)} of ${servers[0]}`,
      );
    }
  }
}
