import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Measured } from './scenarios/scenario.ts';

/** One line of `results/<scenario>.jsonl`. */
export interface ResultLine extends Measured {
  /** The same for all that was measured in one run, in turns: only these may be compared. */
  readonly run: string;
  readonly at: string;
  readonly scenario: string;
  readonly server: string;
  readonly version: string;
  readonly round: number;
  readonly perSecond: number;
  readonly settings: { readonly scale: number; readonly full: boolean; readonly rounds: number };
  readonly commit: string;
  readonly versions: { readonly bun: string; readonly node: string };
  readonly machine: {
    readonly cpus: number;
    readonly model: string;
    readonly memoryBytes: number;
    readonly kernel: string;
    /** Of the minute before: above 0, others were at work too. */
    readonly load: number;
  };
}

const FOLDER = join(import.meta.dir, 'results');

export function appendResult(line: ResultLine): void {
  mkdirSync(FOLDER, { recursive: true });
  appendFileSync(join(FOLDER, `${line.scenario}.jsonl`), `${JSON.stringify(line)}\n`);
}

/** All lines of a scenario, oldest first. */
export function resultsOf(scenario: string): ResultLine[] {
  const path = join(FOLDER, `${scenario}.jsonl`);
  if (!existsSync(path)) return [];
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ResultLine);
}

export function surroundings(): Pick<ResultLine, 'commit' | 'versions' | 'machine'> {
  return {
    commit: measuredCommit(),
    versions: { bun: process.versions.bun ?? '', node: process.versions.node },
    machine: {
      cpus: cpus().length,
      model: cpus()[0]?.model ?? 'unknown',
      memoryBytes: totalmem(),
      kernel: release(),
      load: loadavg()[0] ?? 0,
    },
  };
}

/** `-dirty` where anything but the results differs from the commit. */
function measuredCommit(): string {
  const git = (...args: readonly string[]) => spawnSync('git', args, { encoding: 'utf8', cwd: FOLDER }).stdout.trim();
  const changes = git('status', '--porcelain', '--', ':/', ':(top,exclude)bench/results', ':(top,exclude)docs');
  return git('rev-parse', '--short', 'HEAD') + (changes === '' ? '' : '-dirty');
}

/** The middle of some figures. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? sorted[middle]!
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}
