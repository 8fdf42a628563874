import { median, type ResultLine, resultsOf } from '../results-file.ts';

/** What one run measured of one scenario. */
export interface MeasuredRun {
  readonly scenario: string;
  readonly lines: readonly ResultLine[];
  /** One of the lines, for what all have alike. */
  readonly any: ResultLine;
}

/**
 * The run to show: of those at the largest scale, the newest. Runs are never mixed: the machine may have changed between. Those
 * of the full size (`--full`), which slow servers cannot take part in, are a measurement of their own.
 */
export function latestRun(scenario: string, isFull = false): MeasuredRun | undefined {
  const all = resultsOf(scenario).filter(({ settings }) => settings.full === isFull);
  const scale = Math.max(...all.map((line) => line.settings.scale));
  const any = all.findLast((line) => line.settings.scale === scale);
  if (any === undefined) return undefined;
  return { scenario, any, lines: all.filter((line) => line.run === any.run) };
}

/** Too small or too short to be quoted. */
export function isQuickLook({ any: { settings } }: MeasuredRun): boolean {
  return settings.scale < 1 || settings.rounds < 3;
}

export function cellsOf({ lines }: MeasuredRun): readonly (string | undefined)[] {
  return [...new Set(lines.map(({ cell }) => cell))];
}

export function serversOf({ lines }: MeasuredRun): readonly string[] {
  return [...new Set(lines.map(({ server }) => server))];
}

/** The median over the rounds; `NaN` if the server was not measured. */
export function medianOf(
  { lines }: MeasuredRun,
  server: string,
  cell: string | undefined,
  of: (line: ResultLine) => number,
): number {
  const own = lines.filter((line) => line.server === server && line.cell === cell);
  return own.length === 0 ? Number.NaN : median(own.map(of));
}
