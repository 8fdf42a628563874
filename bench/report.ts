/**
 * Makes `docs/performance.md` and its charts from the results: `npm run bench:report`. What is said there is what was
 * measured, also where it is not what we would like.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { barChart } from './report/chart.ts';
import { FIGURES, type Figure, ms } from './report/figures.ts';
import { cellsOf, isQuickLook, latestRun, type MeasuredRun, medianOf, serversOf } from './report/measured.ts';
import { type Verdict, verdicts } from './report/targets.ts';
import { SCENARIOS } from './scenarios/index.ts';
import { PEERS } from './servers/index.ts';

const DOCS = join(import.meta.dir, '../docs');
const CHARTS = join(DOCS, 'charts');

const INTRODUCTION = `Every server is started in an empty folder on the machine that also generates the load, with rate limits off and
its disk writes as it comes. Servers take turns (A B A B), figures are medians over the rounds, and only what was measured in
one run may be compared: absolute figures drift with the machine. CPU time is that of all threads and processes of a server,
which says more than its rate: on two cores the load generator and the server are in each other’s way. Servers that are slow
are asked for less of the same, never for something easier, unless a section says so.

Run it yourself: \`npm run bench -- send-10 sync-idle --against ours,floor,synapse\`, then \`npm run bench:report\`. Synapse and
PostgreSQL are installed when first needed; Tuwunel and Dendrite take part where \`MYELIN_BENCH_TUWUNEL\` and
\`MYELIN_BENCH_DENDRITE\` name their binaries. With \`BENCH_BUN_ARGS="--cpu-prof --cpu-prof-dir=profile"\` our server writes a profile.
What changes must not cost more than it did is held by counts, not times: \`test/meta/costs.test.ts\`. Between servers
(large joins, transactions) nothing is measured yet.`;

rmSync(CHARTS, { recursive: true, force: true });
mkdirSync(CHARTS, { recursive: true });
writeFileSync(join(DOCS, 'performance.md'), page());

function page(): string {
  const sections = FIGURES.map(section);
  return `# Performance

<!-- Made by bench/report.ts from bench/results: edit those, not this. -->

${INTRODUCTION}

## Where we stand

${standing(verdicts())}

## The servers

${PEERS.map(({ name, what }) => `- \`${name}\`: ${what}.`).join('\n')}

${sections.join('\n')}`;
}

function standing(all: readonly Verdict[]): string {
  const word = ({ holds, isQuick }: Verdict) =>
    (holds === undefined ? '-' : holds ? 'yes' : '**no**') + (isQuick ? ', by a quick look' : '');
  const rows = all.map((verdict) => `| ${verdict.wanted} | ${verdict.measured} | ${word(verdict)} |`);
  return `| wanted | measured | reached |\n| --- | --- | --- |\n${rows.join('\n')}`;
}

function section(figure: Figure): string {
  const { name, what, operation } = SCENARIOS.find((scenario) => scenario.name === figure.scenario)!;
  const run = latestRun(name);
  const head = `## ${name}\n\n${what[0]!.toUpperCase()}${what.slice(1)}.\n\n${figure.meaning}\n`;
  if (run === undefined) return `${head}\nNot measured yet.\n`;
  const full = latestRun(name, true);
  const fullSize = full === undefined ? '' : `\n### At full size\n\n${cellSections(figure, full, operation, 'full')}`;
  return `${head}\n${cellSections(figure, run, operation)}${fullSize}`;
}

/** `suffix` tells the names of the charts from those of another run. */
function cellSections(figure: Figure, run: MeasuredRun, operation: string, suffix?: string): string {
  const sections = cellsOf(run).map((cell) => cellSection(figure, run, cell, operation, suffix));
  return `${sections.join('\n')}\n${circumstances(run)}\n`;
}

function cellSection(
  figure: Figure,
  run: MeasuredRun,
  cell: string | undefined,
  operation: string,
  suffix: string | undefined,
): string {
  const servers = serversOf(run).filter((server) =>
    run.lines.some((line) => line.server === server && line.cell === cell),
  );
  const bars = servers.map((name) => {
    const value = medianOf(run, name, cell, figure.chart.of);
    return { name, value, text: figure.chart.text(value) };
  });
  const names = [figure.scenario, cell?.replaceAll(/\W+/g, '-'), suffix];
  const file = names.filter((name) => name !== undefined).join('-');
  const title = `${cell === undefined ? '' : `${cell}: `}${figure.chart.title}`;
  writeFileSync(join(CHARTS, `${file}.svg`), barChart(title, bars));
  const extra = figure.columns ?? [];
  const heads = [
    'server',
    'a second',
    'p50',
    'p95',
    'p99',
    `CPU a ${operation}`,
    'of its database',
    'peak memory',
    'worst lag',
    ...extra.map(({ head }) => head),
  ];
  const rows = servers.map((server) => {
    const middle = (of: (line: MeasuredRun['any']) => number) => medianOf(run, server, cell, of);
    const perSecond = middle((line) => line.perSecond);
    const database = middle((line) => line.databaseCpuMs);
    const lag = middle((line) => line.lagMs ?? Number.NaN);
    return [
      server,
      perSecond >= 20 ? Math.round(perSecond).toLocaleString('en') : perSecond.toFixed(2),
      ms(middle((line) => line.p50)),
      ms(middle((line) => line.p95)),
      ms(middle((line) => line.p99)),
      ms(middle((line) => line.cpuMs)),
      database === 0 ? '' : ms(database),
      `${(middle((line) => line.peakRssBytes) / 1e6).toFixed(0)} MB`,
      Number.isNaN(lag) ? '' : ms(lag),
      ...extra.map(({ of, text }) => text(middle(of))),
    ];
  });
  const table = [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  return `![${title}](charts/${file}.svg)\n\n${table}\n`;
}

/** What a reader needs to trust, or doubt, the figures. */
function circumstances(run: MeasuredRun): string {
  const { any, lines } = run;
  const { settings, commit, versions, machine } = any;
  const servers = [...new Map(lines.map((line) => [line.server, line.version]))].map(
    ([name, version]) => `${name} ${version}`,
  );
  const load = Math.max(...lines.map((line) => line.machine.load));
  return [
    isQuickLook(run) ? '**A quick look, not a measurement to quote.** ' : '',
    `Medians of ${settings.rounds} rounds at scale ${settings.scale}, ${any.at.slice(0, 10)}, commit ${commit}, Bun ${versions.bun}, `,
    `${machine.cpus} x ${machine.model}, Linux ${machine.kernel}, load before a round up to ${load.toFixed(1)}. ${servers.join(', ')}. `,
    `The load generator took ${ms(Math.max(...lines.map((line) => line.clientCpuMs)))} of CPU an operation at most.`,
  ].join('');
}
