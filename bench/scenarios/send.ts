import { ask } from '../servers/server.ts';
import { type Scenario, summarize } from './scenario.ts';

const MESSAGES = 20_000;
const WARM_UP = 300;

/** Messages into one room over some connections, each sending its next when the last is acknowledged. */
function send(connections: number): Scenario {
  return {
    name: `send-${connections}`,
    what: `one room, ${connections} connection${connections === 1 ? '' : 's'}, ${MESSAGES} messages, each acknowledged when it is on disk`,
    async run(server, measure, { scale }) {
      const { token } = await server.register('sender');
      const { room_id: roomId } = await ask(server.baseUrl, 'POST', '/_matrix/client/v3/createRoom', token, {});
      const path = `/_matrix/client/v3/rooms/${encodeURIComponent(roomId as string)}/send/m.room.message`;
      // A server that needs seconds for a hundred is not asked for twenty thousand: the rate is the same.
      const total = Math.max(200, Math.round((server.name === 'synapse' ? MESSAGES / 20 : MESSAGES) * scale));
      const sendMany = async (count: number, prefix: string, durations: number[]): Promise<void> => {
        let next = 0;
        await Promise.all(
          Array.from({ length: connections }, async () => {
            for (let n = next++; n < count; n = next++) {
              const start = performance.now();
              await ask(server.baseUrl, 'PUT', `${path}/${prefix}${n}`, token, { msgtype: 'm.text', body: `message number ${n}` });
              durations.push(performance.now() - start);
            }
          }),
        );
      };
      await sendMany(Math.min(WARM_UP, total), 'w', []);
      const durations: number[] = [];
      const start = performance.now();
      await measure(() => sendMany(total, 'm', durations));
      return summarize(durations, (performance.now() - start) / 1000);
    },
  };
}

export const send1 = send(1);
export const send10 = send(10);
export const send32 = send(32);
