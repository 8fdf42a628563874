/** Bytes that no HTTP library sends, to a real server: it answers or hangs up, and goes on serving. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test';
import { connect } from 'node:net';
import { SHARED_SECRET, startServer, type TestServer } from '#test/server.ts';

setDefaultTimeout(30_000);

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

/** What the server sends back before it hangs up or says nothing more for a while. */
function exchange(bytes: string | Buffer): Promise<string> {
  const port = Number(new URL(server.baseUrl).port);
  return new Promise((resolve) => {
    let received = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setTimeout(300, () => socket.destroy());
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1');
      socket.setTimeout(100);
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(received));
  });
}

const get = (target: string, more = ''): string =>
  `GET ${target} HTTP/1.1\r\nHost: localhost\r\n${more}Connection: close\r\n\r\n`;
const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);

const TARGETS: readonly string[] = [
  '/../../etc/passwd',
  '/_matrix/client/v3/../../../../etc/passwd',
  '/_matrix/client/v3/%2e%2e/%2e%2e/etc/passwd',
  '/_matrix/client/v1/media/download/localhost/../../../homeserver.yaml',
  '/_matrix/client/v1/media/download/localhost/..%2f..%2fhomeserver.yaml',
  '/_matrix/media/v3/download/localhost/%2e%2e',
  '//etc/passwd',
  '/_matrix//client/v3/sync',
  '/_matrix/client/v3/sync/',
  '/_matrix/client/v3/sync?since=%',
  '/_matrix/client/v3/profile/%',
  '/_matrix/client/v3/profile/%00',
  '/_matrix/client/v3/profile/%ff',
  '/_matrix/client/v3/rooms/%2e%2e/state',
  '/_synapse/admin/v1/register/../../metrics',
];
const LONG_TARGETS: readonly (readonly [string, string])[] = [
  ['a path of 2,000 segments', `/${'a/'.repeat(2_000)}`],
  ['a path of 12,000 letters', `/_matrix/client/v3/profile/${'x'.repeat(12_000)}`],
];

test.each([...TARGETS.map((target) => [target, target] as const), ...LONG_TARGETS])(
  'GET %s is refused',
  async (...row) => {
    const [, target] = row;
    const answer = await exchange(get(target));
    expect(statusOf(answer)).toBeWithin(400, 500);
    expect(answer).not.toContain('root:');
    expect(answer).not.toContain(SHARED_SECRET);
  },
);

const NO_REQUESTS: readonly (readonly [string, string | Buffer])[] = [
  [
    'a method that there is not',
    'BREW /_matrix/client/versions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
  ],
  ['no HTTP at all', 'hello\r\n\r\n'],
  ['TLS to a plain port', Buffer.from('16030100a5010000a10303', 'hex')],
  ['a path of bytes', Buffer.concat([Buffer.from('GET /\xff\xfe\x00 HTTP/1.1\r\nHost: a\r\n\r\n', 'latin1')])],
  ['no host', 'GET /_matrix/client/v3/account/whoami HTTP/1.1\r\nConnection: close\r\n\r\n'],
  ['a host that is none', get('/_matrix/client/v3/account/whoami').replace('localhost', '[::1')],
  ['a header of 100 KB', get('/_matrix/client/v3/account/whoami', `X-Long: ${'x'.repeat(100_000)}\r\n`)],
  ['a length that is none', 'POST /_matrix/client/v3/login HTTP/1.1\r\nHost: a\r\nContent-Length: -5\r\n\r\n{}'],
  [
    'a length and chunks',
    'POST /_matrix/client/v3/login HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ],
  [
    'chunks that are none',
    'POST /_matrix/client/v3/login HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
  ],
  ['half a body', 'POST /_matrix/client/v3/login HTTP/1.1\r\nHost: a\r\nContent-Length: 500\r\n\r\n{"type":'],
];

test.each(NO_REQUESTS)('%s gets no success and harms nobody', async (_name, bytes) => {
  const status = statusOf(await exchange(bytes));
  // 505 is the parser's word for a request line that is none.
  expect(status === 0 || (status >= 400 && status < 500) || status === 505, String(status)).toBe(true);
  expect((await fetch(`${server.baseUrl}/_matrix/client/versions`)).status).toBe(200);
});

test('the server has logged no error of its own', () => {
  expect(
    server
      .log()
      .split('\n')
      .filter((line) => /"level":"(?:error|fatal)"/.test(line)),
  ).toEqual([]);
});
