import { Client, forEachOf } from '../load/client.ts';
import type { ServerScenario } from './scenario.ts';

const MESSAGES = 20_000;
const WARM_UP = 3_000;
const USERS = 100;

/** Someone who sends to a room. */
interface Sender {
  readonly client: Client;
  readonly roomId: string;
}

/** Each sender sends its next message when the last is acknowledged, until there are `count` together. */
async function sendMany(senders: readonly Sender[], count: number, prefix: string, durations: number[]): Promise<void> {
  let next = 0;
  await Promise.all(
    senders.map(async ({ client, roomId }) => {
      for (let n = next++; n < count; n = next++) {
        const start = performance.now();
        await client.send(roomId, `${prefix}${n}`, `message number ${n}`);
        durations.push(performance.now() - start);
      }
    }),
  );
}

/** Messages into one room over some connections of one user. */
function send(connections: number): ServerScenario {
  return {
    name: `send-${connections}`,
    what: `one room, ${connections} connection${connections === 1 ? '' : 's'}, ${MESSAGES} messages, each acknowledged when it is on disk`,
    operation: 'message',
    sendsOnly: true,
    async run(server, bench) {
      const { token } = await server.register('sender');
      const first = await Client.open(server.baseUrl, token);
      const roomId = await first.createRoom();
      const senders = [{ client: first, roomId }];
      while (senders.length < connections) senders.push({ client: await Client.open(server.baseUrl, token), roomId });
      await sendMany(senders, bench.paced(WARM_UP, 50), 'w', []);
      const total = bench.paced(MESSAGES, 300);
      const measured = await bench.measure((durations) => sendMany(senders, total, 'm', durations));
      for (const { client } of senders) client.close();
      return [measured];
    },
  };
}

export const send1 = send(1);
export const send10 = send(10);
export const send32 = send(32);

/** Messages into many rooms, each user alone in one. */
export const sendRooms: ServerScenario = {
  name: 'send-rooms',
  what: `${USERS} users, each sending to a room of their own, ${MESSAGES} messages together`,
  operation: 'message',
  sendsOnly: true,
  async run(server, bench) {
    const senders: Sender[] = [];
    await forEachOf(USERS, 4, async (index) => {
      const { token } = await server.register(`sender${index}`);
      const client = await Client.open(server.baseUrl, token);
      senders.push({ client, roomId: await client.createRoom() });
      bench.progress(`${senders.length} of ${USERS} users`);
    });
    await sendMany(senders, Math.max(USERS, bench.paced(WARM_UP, USERS)), 'w', []);
    const total = bench.paced(MESSAGES, 500);
    const measured = await bench.measure((durations) => sendMany(senders, total, 'm', durations));
    for (const { client } of senders) client.close();
    return [measured];
  },
};
