import type { BenchServer } from '../servers/server.ts';

/** What one measurement gave. Times in milliseconds. */
export interface Measured {
  /** Which of the scenario's figures this is, where it has several. */
  readonly cell?: string;
  readonly operations: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly worst: number;
  /** CPU time of the server for each operation, all threads; and of its database, where that is another server. */
  readonly cpuMs: number;
  readonly databaseCpuMs: number;
  /** CPU time of the load generator for each operation. */
  readonly clientCpuMs: number;
  /** The longest that the server's event loop was late meanwhile, where the server tells. */
  readonly lagMs?: number | undefined;
  readonly rssBytes: number;
  readonly peakRssBytes: number;
  /** Further figures of the scenario's own, units last in their names. */
  readonly more?: Readonly<Record<string, number>>;
}

/** What a scenario is given to work with, besides the server. */
export interface Bench {
  /** 1 is the size that the plan names; smaller for a quick look. */
  readonly scale: number;
  /** The largest sizes, which take a day with slow servers. */
  readonly full: boolean;
  /** Of the server: how many operations it is asked for where the fastest are asked for one. */
  readonly pace: number;
  /** How many operations this server is asked for where the fastest are asked for `count`; at least `least`. */
  paced(count: number, least: number): number;
  /** Runs what counts; `durations` holds one entry an operation when it is done, in milliseconds. */
  measure(work: (durations: number[]) => Promise<void>, about?: { readonly cell?: string }): Promise<Measured>;
  /** Stops the server and starts it again on the same data; what the files had come to while it was stopped. */
  restart(): Promise<{ readonly server: BenchServer; readonly diskBytes: number }>;
  /** Tells the person at the terminal how far the set-up is. */
  progress(text: string): void;
}

interface About {
  readonly name: string;
  /** What it does, in a sentence, for the report. */
  readonly what: string;
  /** What is counted: `message`, `poll`. */
  readonly operation: string;
}

/** Something clients do, done to a server that has just started. */
export interface ServerScenario extends About {
  /** Whether it does nothing but send: then the floor can be measured too. */
  readonly sendsOnly?: boolean;
  run(server: BenchServer, bench: Bench): Promise<readonly Measured[]>;
}

/** Work of our own code, in this process. */
export interface ProcessScenario extends About {
  runInProcess(bench: Pick<Bench, 'scale' | 'progress'>): Promise<readonly Measured[]>;
}

export type Scenario = ServerScenario | ProcessScenario;

/** Percentiles of some durations. */
export function percentiles(durations: readonly number[]): Pick<Measured, 'p50' | 'p95' | 'p99' | 'worst'> {
  const sorted = durations.toSorted((a, b) => a - b);
  const at = (part: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), worst: sorted.at(-1) ?? 0 };
}
