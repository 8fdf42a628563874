import type { Measured } from '../scenarios/scenario.ts';
import { percentiles } from '../scenarios/scenario.ts';
import type { BenchServer } from '../servers/server.ts';
import { resetPeak, usageOf } from './usage.ts';

/** Runs `work` and reads what it has cost the server, its database and this process. */
export async function measureOn(
  server: BenchServer,
  work: (durations: number[]) => Promise<void>,
  cell?: string,
): Promise<Measured> {
  const durations: number[] = [];
  await server.worstLagMs?.();
  resetPeak(server.pids);
  const before = { server: usageOf(server.pids), database: usageOf(server.databasePids), own: process.cpuUsage() };
  const start = performance.now();
  await work(durations);
  const seconds = (performance.now() - start) / 1000;
  const own = process.cpuUsage(before.own);
  const after = { server: usageOf(server.pids), database: usageOf(server.databasePids) };
  const operations = durations.length;
  const each = (cpuSeconds: number) => (1000 * cpuSeconds) / Math.max(1, operations);
  return {
    ...(cell === undefined ? {} : { cell }),
    operations,
    seconds,
    ...percentiles(durations),
    cpuMs: each(after.server.cpuSeconds - before.server.cpuSeconds),
    databaseCpuMs: each(after.database.cpuSeconds - before.database.cpuSeconds),
    clientCpuMs: each((own.user + own.system) / 1e6),
    lagMs: await server.worstLagMs?.(),
    rssBytes: after.server.rssBytes,
    peakRssBytes: after.server.peakRssBytes,
  };
}
