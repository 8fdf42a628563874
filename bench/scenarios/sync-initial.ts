import { Client, forEachOf } from '../load/client.ts';
import type { BenchServer } from '../servers/server.ts';
import type { Bench, Measured, ServerScenario } from './scenario.ts';

/** Users who sync, rooms that all of them are in, members of each room, messages in each room. */
export interface Town {
  readonly users: number;
  readonly rooms: number;
  readonly members: number;
  readonly messages: number;
}

const TOWN: Town = { users: 20, rooms: 50, members: 50, messages: 30 };
/** The size of the figures that others have published. */
const FULL_TOWN: Town = { users: 200, rooms: 300, members: 300, messages: 30 };

const CELLS = [
  { cell: '1T lazy', limit: 1, lazy: true },
  { cell: '5T lazy', limit: 5, lazy: true },
  { cell: '20T lazy', limit: 20, lazy: true },
  { cell: '10T all members', limit: 10, lazy: false },
] as const;

/** Builds the town; answers those who sync, each with a connection. */
export async function buildTown(server: BenchServer, town: Town, bench: Bench): Promise<Client[]> {
  const clients: Client[] = [];
  await forEachOf(Math.max(town.members, town.users), 2, async (index) => {
    clients[index] = await Client.open(server.baseUrl, (await server.register(`user${index}`)).token);
  });
  for (let room = 0; room < town.rooms; room++) {
    bench.progress(`${room} of ${town.rooms} rooms`);
    const roomId = await clients[room % clients.length]!.createRoom({
      preset: 'public_chat',
      name: `Room ${room}`,
      topic: 'A room to measure',
    });
    // Those who sync are in every room; if there are more of them than members, all are.
    const inside = clients.slice(0, Math.max(town.members, town.users));
    await forEachOf(inside.length, 4, (index) => inside[index]!.join(roomId));
    await forEachOf(town.messages, 1, (n) =>
      inside[(n * 7) % inside.length]!.send(roomId, `r${room}m${n}`, `message ${n} of room ${room}`),
    );
  }
  for (const client of clients.slice(town.users)) client.close();
  return clients.slice(0, town.users);
}

export function initialSync(limit: number, lazy: boolean): string {
  const filter = { room: { timeline: { limit }, state: { lazy_load_members: lazy } } };
  return `/_matrix/client/v3/sync?timeout=0&set_presence=offline&filter=${encodeURIComponent(JSON.stringify(filter))}`;
}

/** The first sync of a client that knows nothing yet: users one after the other. */
export const syncInitial: ServerScenario = {
  name: 'sync-initial',
  what: `${TOWN.users} users in ${TOWN.rooms} rooms of ${TOWN.members} members, each user's first sync, one after the other (with --full: ${FULL_TOWN.users} x ${FULL_TOWN.rooms} x ${FULL_TOWN.members})`,
  operation: 'sync',
  async run(server, bench) {
    const town = bench.full ? FULL_TOWN : scaled(TOWN, bench.scale);
    const clients = await buildTown(server, town, bench);
    const results: Measured[] = [];
    for (const { cell, limit, lazy } of CELLS) {
      bench.progress(cell);
      const path = initialSync(limit, lazy);
      let bytes = await clients[0]!.size('GET', path);
      bytes = 0;
      const measured = await bench.measure(
        async (durations) => {
          for (const client of clients) {
            const start = performance.now();
            bytes += await client.size('GET', path);
            durations.push(performance.now() - start);
          }
        },
        { cell },
      );
      results.push({ ...measured, more: { answerBytes: Math.round(bytes / clients.length), ...town } });
    }
    for (const client of clients) client.close();
    return results;
  },
};

function scaled(town: Town, scale: number): Town {
  const side = (count: number) => Math.max(4, Math.round(count * Math.min(1, Math.cbrt(scale))));
  return { users: side(town.users), rooms: side(town.rooms), members: side(town.members), messages: town.messages };
}
