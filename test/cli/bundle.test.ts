/** The server as operators start it: through the launcher, from the bundle. All other tests run from the source. */
import { afterAll, expect, setDefaultTimeout, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { startPostgres } from '#test/postgres.ts';
import { type Account, call, register } from '#test/server.ts';
import { cleanUp, configuredFolder, type Running, start, stop } from './program.ts';

setDefaultTimeout(60_000);
afterAll(cleanUp);

const LAUNCHER = join(import.meta.dir, '../../bin/myelin');
const OPEN = `
enable_registration: true
enable_registration_without_verification: true
pid_file: server.pid`;

async function launched(folder: string): Promise<Running> {
  const server = start([LAUNCHER, 'serve'], { cwd: folder });
  await server.says('http.listening');
  return server;
}

/** The words that the process which serves was started with. */
function commandOf(folder: string): string {
  const pid = readFileSync(join(folder, 'server.pid'), 'utf8').trim();
  return Bun.spawnSync(['ps', '-ww', '-o', 'args=', '-p', pid]).stdout.toString();
}

/** What a first user does, with each of the server's threads: those that write, and those that search. */
async function useAsAClient(baseUrl: string): Promise<Account> {
  const at = { baseUrl };
  const alice = await register(at, 'alice');
  const { token } = alice;
  const { room_id: roomId } = await call(at, 'POST', '/_matrix/client/v3/createRoom', { token, body: {} });
  const path = `/_matrix/client/v3/rooms/${roomId}/send/m.room.message/1`;
  const { event_id: sent } = await call(at, 'PUT', path, { token, body: { msgtype: 'm.text', body: 'heliotrope' } });
  const answer = (await call(at, 'GET', '/_matrix/client/v3/sync?timeout=0', { token })) as {
    rooms: { join: Record<string, { timeline: { events: { event_id: string }[] } }> };
  };
  expect(answer.rooms.join[roomId as string]?.timeline.events.map((event) => event.event_id)).toContain(sent as string);
  const found = (await call(at, 'POST', '/_matrix/client/v3/search', {
    token,
    body: { search_categories: { room_events: { search_term: 'heliotrope' } } },
  })) as { search_categories: { room_events: { results: { result: { event_id: string } }[] } } };
  expect(found.search_categories.room_events.results.map(({ result }) => result.event_id)).toEqual([sent as string]);
  return alice;
}

test('from the bundle it registers, sends, syncs, searches and makes thumbnails, and the command line reaches it', async () => {
  const { folder, port } = await configuredFolder(OPEN);
  const baseUrl = `http://127.0.0.1:${port}`;
  const server = await launched(folder);
  const { token } = await useAsAClient(baseUrl);
  expect(commandOf(folder)).toMatch(/\/\.cache\/bundle\/\w+\/app-main\.js serve/);
  const headers = { authorization: `Bearer ${token}` };
  const picture = sharp({ create: { width: 300, height: 300, channels: 3, background: '#693' } });
  const uploaded = await fetch(`${baseUrl}/_matrix/media/v3/upload`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'image/png' },
    body: new Uint8Array(await picture.png().toBuffer()),
  });
  const { content_uri: uri } = (await uploaded.json()) as { content_uri: string };
  const thumbnail = await fetch(
    `${baseUrl}/_matrix/client/v1/media/thumbnail/${uri.slice('mxc://'.length)}?width=32&height=32&method=crop`,
    { headers },
  );
  expect(await sharp(await thumbnail.arrayBuffer()).metadata()).toMatchObject({ width: 32, height: 32 });
  const list = start([LAUNCHER, 'user', 'list'], { cwd: folder });
  expect(await list.ended).toBe(0);
  expect(list.output()).toBe('@alice:localhost\n');
  await stop(server);
  expect(await server.ended).toBe(0);
});

test('from the bundle it runs on PostgreSQL', async () => {
  const { url } = await startPostgres();
  const { hostname, port: databasePort, username } = new URL(url);
  const args = `{ user: ${username}, host: ${hostname}, port: ${databasePort}, database: postgres }`;
  const { folder, port } = await configuredFolder(`${OPEN}\ndatabase: { name: psycopg2, args: ${args} }`);
  const server = await launched(folder);
  await useAsAClient(`http://127.0.0.1:${port}`);
  expect(commandOf(folder)).toContain('/.cache/bundle/');
  await stop(server);
  expect(await server.ended).toBe(0);
});
