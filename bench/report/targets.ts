import { bytes, ms } from './figures.ts';
import { cellsOf, isQuickLook, latestRun, type MeasuredRun, medianOf } from './measured.ts';

/** One thing that the plan wants, and what was measured. */
export interface Verdict {
  readonly wanted: string;
  readonly measured: string;
  /** `undefined`: nothing was measured that could tell. */
  readonly holds: boolean | undefined;
  /** The run was too small or too short to be quoted. */
  readonly isQuick?: boolean;
}

/** A verdict before it is said of what. */
type Finding = Pick<Verdict, 'measured' | 'holds'>;

export function verdicts(): Verdict[] {
  return [
    ...['send-1', 'send-10', 'send-32'].map(shareOfFloor),
    ...['send-1', 'send-10', 'send-32'].map((scenario, index) => timesSynapse(scenario, index === 0 ? 28 : 65)),
    withOurs('fan-out', 'fan-out: p99 of a delivery below 100 ms', (run) =>
      limit(
        medianOf(run, 'ours', undefined, ({ p99 }) => p99),
        100,
        ms,
      ),
    ),
    withOurs('fan-out', 'fan-out: CPU a delivery at most 1/20 of Synapse’s', (run) => cpuShare(run, 20)),
    ...initialSyncs(),
    withOurs('sync-idle', 'sync-idle: less than 0.2 ms of CPU a poll', (run) =>
      limit(
        medianOf(run, 'ours', undefined, ({ cpuMs }) => cpuMs),
        0.2,
        ms,
      ),
    ),
    withOurs('disk', 'disk: a message takes at most a third of what Synapse takes', (run) => diskShare(run, 'message')),
    withOurs('disk', 'disk: a membership change takes at most a third of what Synapse takes', (run) =>
      diskShare(run, 'membership change'),
    ),
    withOurs('memory', 'memory: less than 100 MB when idle', (run) =>
      limit(
        medianOf(run, 'ours', undefined, ({ more }) => more?.idleRssBytes ?? Number.NaN),
        1e8,
        bytes,
      ),
    ),
    withOurs('start', 'start: first answer in less than 500 ms', (run) =>
      limit(
        medianOf(run, 'ours', undefined, ({ p50 }) => p50),
        500,
        ms,
      ),
    ),
  ];
}

function withOurs(scenario: string, wanted: string, of: (run: MeasuredRun) => Finding): Verdict {
  const run = latestRun(scenario);
  return run === undefined
    ? { wanted, measured: 'not measured', holds: undefined }
    : { wanted, ...of(run), isQuick: isQuickLook(run) };
}

function limit(value: number, most: number, text: (value: number) => string): Finding {
  return Number.isNaN(value)
    ? { measured: 'not measured', holds: undefined }
    : { measured: text(value), holds: value < most };
}

function ratio(value: number, least: number, text: string): Finding {
  return Number.isNaN(value)
    ? { measured: 'not measured', holds: undefined }
    : { measured: text, holds: value >= least };
}

const rate = (run: MeasuredRun, server: string) => medianOf(run, server, undefined, ({ perSecond }) => perSecond);

function shareOfFloor(scenario: string): Verdict {
  return withOurs(scenario, `${scenario}: at least 70 % of the floor`, (run) => {
    const share = rate(run, 'ours') / rate(run, 'floor');
    return ratio(share, 0.7, `${Math.round(100 * share)} %`);
  });
}

function timesSynapse(scenario: string, least: number): Verdict {
  return withOurs(scenario, `${scenario}: at least ${least} times Synapse`, (run) => {
    const times = rate(run, 'ours') / rate(run, 'synapse');
    return ratio(times, least, `${times.toFixed(0)} times`);
  });
}

function cpuShare(run: MeasuredRun, least: number): Finding {
  const times =
    medianOf(run, 'synapse', undefined, ({ cpuMs }) => cpuMs) / medianOf(run, 'ours', undefined, ({ cpuMs }) => cpuMs);
  return ratio(times, least, `1/${times.toFixed(0)}`);
}

function diskShare(run: MeasuredRun, cell: string): Finding {
  const each = (server: string) => medianOf(run, server, cell, ({ more }) => more?.bytesEach ?? Number.NaN);
  const times = each('synapse') / each('ours');
  return ratio(times, 3, `${bytes(each('ours'))}, 1/${times.toFixed(1)}`);
}

function initialSyncs(): Verdict[] {
  const run = latestRun('sync-initial');
  const wanted = 'sync-initial: at least twice as fast as the best other';
  if (run === undefined) return [{ wanted, measured: 'not measured', holds: undefined }];
  return cellsOf(run).map((cell) => {
    const others = [...new Set(run.lines.map(({ server }) => server))].filter((server) => !server.startsWith('ours'));
    const best = Math.min(...others.map((server) => medianOf(run, server, cell, ({ p50 }) => p50)));
    const times = best / medianOf(run, 'ours', cell, ({ p50 }) => p50);
    const verdict = ratio(Number.isFinite(times) ? times : Number.NaN, 2, `${times.toFixed(1)} times`);
    return { wanted: `${wanted}, ${cell}`, ...verdict, isQuick: isQuickLook(run) };
  });
}
