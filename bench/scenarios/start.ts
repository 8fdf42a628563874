import { Client, forEachOf } from '../load/client.ts';
import type { Measured, ServerScenario } from './scenario.ts';
import { percentiles } from './scenario.ts';

const EVENTS = 100_000;
const ROOMS = 20;
const STARTS = 5;

/** From the start of the process to its first answer. */
export const start: ServerScenario = {
  name: 'start',
  what: `from starting the process to its first answer, with a database of ${EVENTS} events`,
  operation: 'start',
  async run(server, bench) {
    const { token } = await server.register('writer');
    const events = bench.paced(EVENTS, 500);
    const clients = await Promise.all(Array.from({ length: ROOMS }, () => Client.open(server.baseUrl, token)));
    const rooms: string[] = [];
    for (const client of clients) rooms.push(await client.createRoom());
    await forEachOf(ROOMS, ROOMS, async (room) => {
      for (let n = 0; n < events / ROOMS; n++) {
        await clients[room]!.send(rooms[room]!, `r${room}m${n}`, `message number ${n}`);
        if (room === 0 && n % 100 === 0) bench.progress(`${n * ROOMS} of ${events} events`);
      }
    });
    for (const client of clients) client.close();
    const durations: number[] = [];
    let last = await bench.restart();
    for (let n = 0; n < STARTS; n++) {
      durations.push(last.server.startMs);
      if (n + 1 < STARTS) last = await bench.restart();
    }
    const after = await bench.measure(async (none) => void none.push(0));
    const measured: Measured = {
      ...after,
      operations: STARTS,
      seconds: durations.reduce((sum, ms) => sum + ms, 0) / 1000,
      ...percentiles(durations),
    };
    return [{ ...measured, more: { events, diskBytes: last.diskBytes } }];
  },
};
