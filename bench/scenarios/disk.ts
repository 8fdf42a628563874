import { Client, forEachOf } from '../load/client.ts';
import type { ServerScenario } from './scenario.ts';

const MESSAGES = 10_000;
const MEMBERS = 10_000;
const CHANGES = 1_000;

/** What the database grows by. Measured between stops, so that logs have been copied back into it. */
export const disk: ServerScenario = {
  name: 'disk',
  what: `bytes that the database grows by: each of ${MESSAGES} messages, and each of ${CHANGES} membership changes in a room with ${MEMBERS} invited`,
  operation: 'event',
  async run(first, bench) {
    let server = first;
    const { token } = await server.register('writer');
    let client = await Client.open(server.baseUrl, token);
    const roomId = await client.createRoom();
    const largeRoomId = await client.createRoom();
    // People who have never been here count as much as others for the state of a room, and are made faster.
    const members = bench.paced(MEMBERS, 300);
    const invite = async (index: number, membership: string): Promise<void> => {
      const path = `/_matrix/client/v3/rooms/${encodeURIComponent(largeRoomId)}/${membership}`;
      await client.text('POST', path, { user_id: `@member${index}:localhost` });
      if (index % 100 === 0) bench.progress(`${index} of ${members} members`);
    };
    await forEachOf(members, 1, (index) => invite(index, 'ban'));
    const restart = async (): Promise<number> => {
      client.close();
      const restarted = await bench.restart();
      server = restarted.server;
      client = await Client.open(server.baseUrl, token);
      return restarted.diskBytes;
    };
    const emptyBytes = await restart();
    const messages = bench.paced(MESSAGES, 300);
    const sent = await bench.measure(
      (durations) => timed(messages, durations, (n) => client.send(roomId, `m${n}`, `message number ${n}`)),
      { cell: 'message' },
    );
    const sentBytes = await restart();
    const changes = bench.paced(CHANGES, 50);
    const changed = await bench.measure((durations) => timed(changes, durations, (n) => invite(n, 'unban')), {
      cell: 'membership change',
    });
    const changedBytes = await restart();
    client.close();
    return [
      { ...sent, more: { bytesEach: (sentBytes - emptyBytes) / messages } },
      { ...changed, more: { bytesEach: (changedBytes - sentBytes) / changes, members } },
    ];
  },
};

async function timed(count: number, durations: number[], task: (index: number) => Promise<void>): Promise<void> {
  for (let n = 0; n < count; n++) {
    const start = performance.now();
    await task(n);
    durations.push(performance.now() - start);
  }
}
