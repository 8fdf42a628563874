/**
 * The power goes, again and again, while many clients send: whatever the server has answered must be there afterwards, once,
 * in the order of the tokens. `npm run test:crash` runs it on both engines.
 */
import { describe, expect, test } from 'bun:test';
import postgres from 'postgres';
import { startPostgres } from '#test/postgres.ts';
import { call, register, startServer, type TestServer } from '#test/server.ts';

const CRASHES = 20;
const SENDERS = 8;
const ROOMS = 3;

interface Sent {
  readonly roomId: string;
  readonly txnId: string;
  readonly body: string;
  eventId: string | undefined;
}

async function crashesLoseNothing(server: TestServer): Promise<void> {
  const alice = await register(server, 'alice');
  const rooms: string[] = [];
  for (let n = 0; n < ROOMS; n++) {
    rooms.push(
      (await call(server, 'POST', '/_matrix/client/v3/createRoom', { token: alice.token, body: { name: `room ${n}` } }))
        .room_id as string,
    );
  }
  const sent: Sent[] = [];
  let since = (await sync(server, alice.token)).next_batch as string;
  const synced = new Map<string, number>();

  for (let crash = 0; crash < CRASHES; crash++) {
    let running = true;
    const senders = Array.from({ length: SENDERS }, async (_, sender) => {
      for (let n = 0; running; n++) {
        const one: Sent = {
          roomId: rooms[(sender + n) % ROOMS]!,
          txnId: `t${crash}-${sender}-${n}`,
          body: `${crash}/${sender}/${n}`,
          eventId: undefined,
        };
        sent.push(one);
        await send(server, alice.token, one).catch(() => undefined);
      }
    });
    await Bun.sleep(150 + ((crash * 37) % 200));
    await server.kill();
    running = false;
    await Promise.all(senders);
    await server.restart();

    // The token from before the crash goes on: it brings every event that was acknowledged since, and none twice.
    since = await drain(server, alice.token, since, rooms, synced);
    for (const one of sent.filter((event) => event.eventId !== undefined)) expect(synced.get(one.eventId!)).toBe(1);
    // A client that never got an answer asks again, with the same transaction id.
    const unanswered = sent.filter((event) => event.eventId === undefined);
    await Promise.all(unanswered.map((one) => send(server, alice.token, one))).catch((error) => {
      throw new Error(
        `${error}\n${server
          .log()
          .split('\n')
          .filter((line) => line.includes('"error"'))
          .slice(-3)
          .join('\n')}`,
      );
    });
    since = await drain(server, alice.token, since, rooms, synced);
  }

  expect(sent.length).toBeGreaterThan(CRASHES * SENDERS);
  expect(new Set(sent.map((one) => one.eventId)).size).toBe(sent.length);
  for (const roomId of rooms) {
    const wanted = sent.filter((one) => one.roomId === roomId).map((one) => one.body);
    const stored = (await allMessages(server, alice.token, roomId)).map((event) => event.content.body);
    expect(stored.toSorted()).toEqual(wanted.toSorted());
  }
  for (const times of synced.values()) expect(times).toBe(1);
}

async function send(server: TestServer, token: string, one: Sent): Promise<void> {
  const path = `/_matrix/client/v3/rooms/${encodeURIComponent(one.roomId)}/send/m.room.message/${one.txnId}`;
  const answer = await call(server, 'PUT', path, { token, body: { msgtype: 'm.text', body: one.body } });
  one.eventId = answer.event_id as string;
}

interface Event {
  readonly type: string;
  readonly event_id: string;
  readonly content: { readonly body: string };
}

const FILTER = encodeURIComponent(JSON.stringify({ room: { timeline: { limit: 100 } } }));

function sync(server: TestServer, token: string, since?: string): Promise<Record<string, unknown>> {
  return call(
    server,
    'GET',
    `/_matrix/client/v3/sync?timeout=0&filter=${FILTER}${since === undefined ? '' : `&since=${since}`}`,
    { token },
  );
}

/** Everything after `since`, gaps filled by paging back; counts each message. Answers the new token. */
async function drain(
  server: TestServer,
  token: string,
  since: string,
  rooms: readonly string[],
  counts: Map<string, number>,
): Promise<string> {
  const answer = await sync(server, token, since);
  const joined =
    (answer.rooms as { join?: Record<string, { timeline: { events: Event[]; limited: boolean; prev_batch: string } }> })
      ?.join ?? {};
  for (const roomId of rooms) {
    const timeline = joined[roomId]?.timeline;
    if (timeline === undefined) continue;
    const events = [...timeline.events];
    let from = timeline.limited ? timeline.prev_batch : undefined;
    while (from !== undefined) {
      const page = await call(
        server,
        'GET',
        `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/messages?dir=b&limit=100&from=${from}&to=${since}`,
        { token },
      );
      events.push(...(page.chunk as Event[]));
      from = page.end as string | undefined;
    }
    for (const event of events)
      if (event.type === 'm.room.message') counts.set(event.event_id, (counts.get(event.event_id) ?? 0) + 1);
  }
  return answer.next_batch as string;
}

async function allMessages(server: TestServer, token: string, roomId: string): Promise<Event[]> {
  const events: Event[] = [];
  let from: string | undefined = '';
  while (from !== undefined) {
    const page = await call(
      server,
      'GET',
      `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/messages?dir=b&limit=100${from === '' ? '' : `&from=${from}`}`,
      { token },
    );
    events.push(...(page.chunk as Event[]));
    from = page.end as string | undefined;
  }
  return events.filter((event) => event.type === 'm.room.message');
}

describe('a server killed with SIGKILL twenty times under load', () => {
  test('loses no acknowledged event on SQLite, and stores none twice', async () => {
    const server = await startServer();
    try {
      await crashesLoseNothing(server);
    } finally {
      await server.stop();
    }
  }, 300_000);

  test('loses no acknowledged event on PostgreSQL, and stores none twice', async () => {
    const { url } = await startPostgres({ fsync: true });
    const sql = postgres(url);
    await sql.unsafe('create database crash');
    await sql.end();
    const { hostname, port, username } = new URL(url);
    const server = await startServer({
      database: `{ name: psycopg2, args: { user: ${username}, host: ${hostname}, port: ${port}, database: crash } }`,
    });
    try {
      await crashesLoseNothing(server);
    } finally {
      await server.stop();
    }
  }, 300_000);
});
