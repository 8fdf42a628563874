import { LargeRoom } from '../../src/protocol/state-resolution/test-large-room.ts';
import { type Measured, type ProcessScenario, percentiles } from './scenario.ts';

const MEMBERS = 50_000;
const CONFLICTS = [10, 100, 1000] as const;
const REPEATS = 10;

/** The algorithm alone, on a room whose events are made as they are asked for. */
export const stateRes: ProcessScenario = {
  name: 'state-res',
  what: `state resolution v2 of two forks of a room of ${MEMBERS} members, in memory, by number of conflicts`,
  operation: 'resolution',
  async runInProcess({ scale, progress }) {
    const results: Measured[] = [];
    for (const conflicts of CONFLICTS) {
      progress(`${conflicts} conflicts`);
      resolve(conflicts);
      const durations: number[] = [];
      let longestStepMs = 0;
      let loaded = 0;
      const before = process.cpuUsage();
      for (let n = 0; n < Math.max(3, REPEATS * scale); n++) {
        const start = performance.now();
        const room = resolve(conflicts);
        durations.push(performance.now() - start);
        longestStepMs = Math.max(longestStepMs, room.longestStepMs);
        loaded = room.asked.load + room.asked['load-auth-nodes'];
      }
      const cpu = process.cpuUsage(before);
      const operations = durations.length;
      const { rss } = process.memoryUsage();
      results.push({
        cell: `${conflicts} conflicts`,
        operations,
        seconds: durations.reduce((sum, ms) => sum + ms, 0) / 1000,
        ...percentiles(durations),
        cpuMs: (cpu.user + cpu.system) / 1000 / operations,
        databaseCpuMs: 0,
        clientCpuMs: 0,
        rssBytes: rss,
        peakRssBytes: rss,
        more: { longestStepMs, eventsLoaded: loaded },
      });
    }
    return results;
  },
};

function resolve(conflicts: number): LargeRoom {
  const room = new LargeRoom('11', MEMBERS, conflicts);
  room.resolve(() => performance.now());
  return room;
}
