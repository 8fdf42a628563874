import { afterEach, expect, test } from 'bun:test';
import { createConnection } from 'node:net';
import { forEachEngine } from '#test/storage.ts';
import { SERVER_NAME, TestRepository } from './test-repository.ts';

forEachEngine('media over a real connection', (engine) => {
  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0)) await cleanup();
  });
  const serve = async () => {
    const repository = await TestRepository.open(engine, { config: { maxUploadSizeBytes: 20_000_000 } });
    const server = Bun.serve({ port: 0, fetch: (request) => repository.handle(request, { ip: '127.0.0.1' }) });
    cleanups.push(
      () => server.stop(true),
      () => repository.remove(),
    );
    return { repository, port: server.port ?? 0, base: `http://127.0.0.1:${server.port}` };
  };
  const as = (user: string) => ({ Authorization: `Bearer ${user}` });

  test('content goes out with its length, whole, in part, and as HEAD', async () => {
    const { base } = await serve();
    const content = Uint8Array.from({ length: 3_000_000 }, (_, at) => (at * 31) % 256);
    const upload = await fetch(`${base}/_matrix/media/v3/upload`, {
      method: 'POST',
      headers: as('alice'),
      body: content,
    });
    const { content_uri: uri } = (await upload.json()) as { content_uri: string };
    const url = `${base}/_matrix/client/v1/media/download/${SERVER_NAME}/${uri.split('/').at(-1)}`;
    const whole = await fetch(url, { headers: as('bob') });
    expect(whole.headers.get('Content-Length')).toBe('3000000');
    expect(Bun.hash(await whole.bytes())).toBe(Bun.hash(content));
    const part = await fetch(url, { headers: { ...as('bob'), Range: 'bytes=1000000-1000009' } });
    expect([part.status, part.headers.get('Content-Length')]).toEqual([206, '10']);
    expect(await part.bytes()).toEqual(content.slice(1_000_000, 1_000_010));
    const head = await fetch(url, { method: 'HEAD', headers: as('bob') });
    expect([head.status, head.headers.get('Content-Length')]).toEqual([200, '3000000']);
  });

  test('a client that goes away in the middle of its upload leaves nothing', async () => {
    const { repository, port } = await serve();
    const socket = createConnection(port, '127.0.0.1');
    socket.write(
      `POST /_matrix/media/v3/upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer alice\r\nContent-Length: 1000000\r\n\r\n`,
    );
    socket.write(Buffer.alloc(400_000));
    const begun = () => repository.list().some((name) => name.startsWith('tmp/'));
    for (let round = 0; !begun() && round < 500; round++) await Bun.sleep(2);
    expect(begun()).toBe(true);
    socket.destroy();
    for (let round = 0; begun() && round < 500; round++) await Bun.sleep(2);
    expect(repository.list()).toEqual([]);
  });
});
