import { ask } from '../servers/server.ts';
import { type Scenario, summarize } from './scenario.ts';

const ROOMS = 500;
const POLLS = 2_000;

/** A user of many rooms asks for news when there are none. */
export const syncIdle: Scenario = {
  name: 'sync-idle',
  what: `a user of ${ROOMS} rooms, ${POLLS} polls with nothing new`,
  async run(server, measure, { scale }) {
    const { token } = await server.register('idler');
    const rooms = Math.max(10, Math.round(ROOMS * scale));
    for (let n = 0; n < rooms; n++) await ask(server.baseUrl, 'POST', '/_matrix/client/v3/createRoom', token, { name: `room ${n}` });
    let { next_batch: since } = await ask(server.baseUrl, 'GET', '/_matrix/client/v3/sync?timeout=0', token);
    const poll = async (): Promise<void> => {
      since = (await ask(server.baseUrl, 'GET', `/_matrix/client/v3/sync?timeout=0&since=${since}`, token)).next_batch;
    };
    for (let n = 0; n < 50; n++) await poll();
    const durations: number[] = [];
    const start = performance.now();
    await measure(async () => {
      for (let n = 0; n < Math.max(200, POLLS * scale); n++) {
        const from = performance.now();
        await poll();
        durations.push(performance.now() - from);
      }
    });
    return summarize(durations, (performance.now() - start) / 1000);
  },
};
