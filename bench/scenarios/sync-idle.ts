import { Client, forEachOf } from '../load/client.ts';
import type { ServerScenario } from './scenario.ts';

const ROOMS = 500;
const POLLS = 5_000;

/** A user of many rooms asks for news when there are none. */
export const syncIdle: ServerScenario = {
  name: 'sync-idle',
  what: `a user of ${ROOMS} rooms asks ${POLLS} times for news when there are none, without waiting for any`,
  operation: 'poll',
  async run(server, bench) {
    const { token } = await server.register('idler');
    const client = await Client.open(server.baseUrl, token);
    const rooms = Math.max(10, Math.round(ROOMS * bench.scale));
    await forEachOf(rooms, 1, async (index) => {
      await client.createRoom({ name: `room ${index}` });
      bench.progress(`${index} of ${rooms} rooms`);
    });
    let since = (await client.json('GET', '/_matrix/client/v3/sync?timeout=0')).next_batch as string;
    const poll = async (): Promise<void> => {
      const text = await client.text('GET', `/_matrix/client/v3/sync?timeout=0&since=${since}`);
      since = /"next_batch":"([^"]+)"/.exec(text)?.[1] ?? since;
    };
    await forEachOf(bench.paced(500, 20), 1, poll);
    const polls = bench.paced(POLLS, 200);
    const measured = await bench.measure(async (durations) => {
      for (let n = 0; n < polls; n++) {
        const start = performance.now();
        await poll();
        durations.push(performance.now() - start);
      }
    });
    client.close();
    return [{ ...measured, more: { rooms } }];
  },
};
