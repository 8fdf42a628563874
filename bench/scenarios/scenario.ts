import type { BenchServer } from '../servers/server.ts';

/** What one measurement gave. Times in milliseconds. */
export interface Measured {
  readonly operations: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  /** Further figures of the scenario's own. */
  readonly more?: Readonly<Record<string, number>>;
}

/** Something clients do, done to a server that has just started. */
export interface Scenario {
  readonly name: string;
  /** What it does, in a sentence, for the report. */
  readonly what: string;
  /** The work, after the set-up and a warm-up. `measure` wraps what counts: CPU is read around it. */
  run(server: BenchServer, measure: <T>(work: () => Promise<T>) => Promise<T>, settings: Settings): Promise<Measured>;
}

export interface Settings {
  /** 1 is the size that the performance plan names; smaller for a quick look. */
  readonly scale: number;
}

/** Percentiles of some durations. */
export function summarize(durations: number[], seconds: number): Measured {
  const sorted = durations.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
  return { operations: durations.length, seconds, p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}
