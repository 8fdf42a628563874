import { usageOf } from '../measure/usage.ts';
import type { ServerScenario } from './scenario.ts';
import { buildTown, initialSync } from './sync-initial.ts';

const IDLE_MS = 5_000;
const TOWN = { users: 20, rooms: 50, members: 50, messages: 30 };

/** Resident memory when nothing has happened, when some work has been done, and when all is quiet again. */
export const memory: ServerScenario = {
  name: 'memory',
  what: `resident memory of an empty server, and ${IDLE_MS / 1000} s after ${TOWN.users} users have done first syncs in ${TOWN.rooms} rooms of ${TOWN.members} members`,
  operation: 'sync',
  async run(server, bench) {
    await sleep(IDLE_MS);
    const { rssBytes: idleRssBytes } = usageOf(server.pids);
    const part = Math.min(1, Math.cbrt(bench.scale));
    const town = {
      users: 20,
      rooms: Math.ceil(TOWN.rooms * part),
      members: Math.ceil(TOWN.members * part),
      messages: TOWN.messages,
    };
    const clients = await buildTown(server, town, bench);
    const path = initialSync(10, false);
    const measured = await bench.measure(async (durations) => {
      for (const client of clients) {
        const start = performance.now();
        await client.size('GET', path);
        durations.push(performance.now() - start);
      }
    });
    for (const client of clients) client.close();
    await sleep(IDLE_MS);
    return [{ ...measured, more: { idleRssBytes, afterRssBytes: usageOf(server.pids).rssBytes } }];
  },
};

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
