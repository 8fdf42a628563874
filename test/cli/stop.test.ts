import { afterAll, expect, setDefaultTimeout, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { call, register } from '#test/server.ts';
import { cleanUp, configuredFolder, emptyFolder, freePort, myelin, serve, start } from './program.ts';

setDefaultTimeout(60_000);
afterAll(cleanUp);

const LAUNCHER = join(import.meta.dir, '../../bin/myelin');

const OPEN = `
enable_registration: true
enable_registration_without_verification: true
rc_message: { per_second: 100000, burst_count: 100000 }`;

interface Timeline {
  readonly timeline: { readonly events: readonly { readonly event_id: string }[] };
}

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s under load: long polls are answered, what was acknowledged is there, and the exit code is 0',
  async (signal) => {
    const { folder, port } = await configuredFolder(OPEN);
    const at = { baseUrl: `http://127.0.0.1:${port}` };
    const server = await serve(folder);
    const { token } = await register(at, 'alice');
    const { room_id: roomId } = await call(at, 'POST', '/_matrix/client/v3/createRoom', { token, body: {} });
    const { next_batch: since } = await call(at, 'GET', '/_matrix/client/v3/sync?timeout=0', { token });
    const idle = await register(at, 'bob');
    const { next_batch: idleSince } = await call(at, 'GET', '/_matrix/client/v3/sync?timeout=0', { token: idle.token });
    const longPoll = call(at, 'GET', `/_matrix/client/v3/sync?timeout=30000&since=${idleSince}`, { token: idle.token });

    const acknowledged: string[] = [];
    let refused = 0;
    let sending = true;
    const senders = Array.from({ length: 4 }, async (_, sender) => {
      for (let n = 0; sending; n++) {
        const path = `/_matrix/client/v3/rooms/${roomId}/send/m.room.message/${sender}-${n}`;
        const answer = await call(at, 'PUT', path, { token, body: { msgtype: 'm.text', body: 'x' } }).catch(
          () => undefined,
        );
        if (answer === undefined) {
          refused += 1;
          await Bun.sleep(5);
        } else acknowledged.push(answer.event_id as string);
      }
    });
    while (acknowledged.length < 20) await Bun.sleep(10);
    const askedAt = performance.now();
    server.signal(signal);
    expect(await longPoll).toHaveProperty('next_batch');
    expect(await server.ended).toBe(0);
    expect(performance.now() - askedAt).toBeLessThan(8_000);
    sending = false;
    await Promise.all(senders);
    expect(refused).toBeGreaterThan(0);
    expect(existsSync(join(folder, 'data/homeserver.db-wal'))).toBe(false);

    const again = await serve(folder);
    const seen = new Set<string>();
    const filter = encodeURIComponent(JSON.stringify({ room: { timeline: { limit: 1000 } } }));
    let from = since as string;
    for (let page = 0; page < 50 && seen.size < acknowledged.length; page++) {
      const answer = await call(at, 'GET', `/_matrix/client/v3/sync?timeout=0&since=${from}&filter=${filter}`, {
        token,
      });
      from = answer.next_batch as string;
      const joined = (answer.rooms as { join?: Record<string, Timeline> } | undefined)?.join ?? {};
      for (const { event_id: id } of joined[roomId as string]?.timeline.events ?? []) seen.add(id);
      if (Object.keys(joined).length === 0) break;
    }
    const lost = acknowledged.filter((id) => !seen.has(id));
    // A timeline is cut at a limit: what lies before is asked for one by one.
    for (const id of lost)
      await call(at, 'GET', `/_matrix/client/v3/rooms/${roomId}/event/${encodeURIComponent(id)}`, { token });
    again.signal('SIGTERM');
    expect(await again.ended).toBe(0);
  },
);

test('a request under way may finish, and new ones are not taken', async () => {
  const { folder, port } = await configuredFolder();
  const server = await serve(folder);
  let sent: (() => void) | undefined;
  const body = new ReadableStream({
    async start(controller) {
      controller.enqueue(new TextEncoder().encode('{"type":"m.login.password",'));
      await new Promise<void>((resolve) => {
        sent = resolve;
      });
      controller.enqueue(new TextEncoder().encode('"identifier":{"type":"m.id.user","user":"nobody"},"password":"x"}'));
      controller.close();
    },
  });
  const slow = fetch(`http://127.0.0.1:${port}/_matrix/client/v3/login`, { method: 'POST', body });
  await Bun.sleep(300);
  server.signal('SIGTERM');
  await Bun.sleep(500);
  expect(await fetch(`http://127.0.0.1:${port}/health`).catch(() => 'refused')).toBe('refused');
  sent?.();
  expect((await slow).status).toBe(403);
  expect(await server.ended).toBe(0);
});

test('a second signal ends it at once', async () => {
  const { folder, port } = await configuredFolder();
  const server = await serve(folder);
  const never = new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode('{')) });
  const stuck = fetch(`http://127.0.0.1:${port}/_matrix/client/v3/login`, { method: 'POST', body: never }).catch(
    () => 'cut',
  );
  await Bun.sleep(300);
  server.signal('SIGTERM');
  await Bun.sleep(300);
  server.signal('SIGTERM');
  expect(await server.ended).toBe('SIGTERM');
  await stuck;
});

test('a signal during the start ends it with code 0', async () => {
  const { folder } = await configuredFolder();
  const program = join(import.meta.dir, '../../src/app/main.ts');
  const server = start([process.execPath, program, 'serve'], { cwd: folder });
  await server.says('schema_migrated');
  server.signal('SIGTERM');
  expect(await server.ended).toBe(0);
});

test('through the launcher, SIGTERM stops the server and its exit code is passed on', async () => {
  const { folder, port } = await configuredFolder();
  const launcher = start([LAUNCHER, 'serve'], { cwd: folder });
  await launcher.says('http.listening');
  launcher.signal('SIGTERM');
  expect(await launcher.ended).toBe(0);
  expect(await fetch(`http://127.0.0.1:${port}/health`).catch(() => 'refused')).toBe('refused');
});

test('when the launcher is killed the server stops by itself, in good order', async () => {
  const { folder, port } = await configuredFolder('pid_file: server.pid');
  const launcher = start([LAUNCHER, 'serve'], { cwd: folder });
  await launcher.says('http.listening');
  while (!existsSync(join(folder, 'server.pid'))) await Bun.sleep(20);
  const pid = Number(await Bun.file(join(folder, 'server.pid')).text());
  expect(pid).not.toBe(launcher.pid);
  launcher.signal('SIGKILL');
  await launcher.ended;
  const deadline = Date.now() + 10_000;
  while (existsSync(join(folder, 'server.pid')) && Date.now() < deadline) await Bun.sleep(50);
  expect(await fetch(`http://127.0.0.1:${port}/health`).catch(() => 'refused')).toBe('refused');
  while (isAlive(pid) && Date.now() < deadline) await Bun.sleep(50);
  expect(isAlive(pid)).toBe(false);
  expect(existsSync(join(folder, 'data/homeserver.db-wal'))).toBe(false);
  expect((await myelin(['user', 'list'], { cwd: folder })).code).toBe(0);
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('npm start is stopped by a signal to npm', async () => {
  const folder = emptyFolder();
  const port = await freePort();
  const listeners = `[{ port: ${port}, bind_addresses: ['127.0.0.1'] }]`;
  const env = { MYELIN_SERVER_NAME: 'localhost', MYELIN_DATA_DIR: folder, MYELIN_LISTENERS: listeners };
  const npm = start(['npm', 'start'], { cwd: join(import.meta.dir, '../..'), env });
  await npm.says('http.listening');
  npm.signal('SIGTERM');
  await npm.ended;
  const deadline = Date.now() + 5_000;
  const isServed = () =>
    fetch(`http://127.0.0.1:${port}/health`).then(
      () => true,
      () => false,
    );
  while ((await isServed()) && Date.now() < deadline) await Bun.sleep(50);
  expect(await isServed()).toBe(false);
});
