/** Input that is well formed and too large, from the future, or aimed at files: what schemas do not say. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { forEachEngine } from '#test/storage.ts';
import { type Answer, type ComposedServer, composedServer } from '../contracts/composed-server.ts';
import { rowCounts } from './row-counts.ts';
import { type Scene, setScene } from './scene.ts';

const verdict = ({ status, json }: Answer): string => `${status} ${json.errcode ?? ''}`.trim();

forEachEngine('limits', (engine) => {
  let server: ComposedServer;
  let scene: Scene;
  let room: string;
  beforeAll(async () => {
    server = await composedServer(await engine.newDatabase());
    scene = await setScene(server);
    room = `/_matrix/client/v3/rooms/${encodeURIComponent(String(scene.known.byName.roomId))}`;
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const ask = (method: string, path: string, body?: unknown): Promise<Answer> =>
    server.send(method, path, { token: scene.user.token, body });

  /** The verdict of a request that must be refused: nothing is written, and nothing logged. */
  async function refusedOf(method: string, path: string, body?: unknown): Promise<string> {
    const [before, written] = [await rowCounts(server.storage.reader), server.writes.length];
    const answer = await ask(method, path, body);
    expect(server.writes.slice(written)).toEqual([]);
    expect(await rowCounts(server.storage.reader)).toEqual(before);
    expect(server.errors).toEqual([]);
    return verdict(answer);
  }

  test('an event of 64 KiB is too large', async () => {
    const body = { msgtype: 'm.text', body: 'x'.repeat(65_536) };
    expect(await refusedOf('PUT', `${room}/send/m.room.message/big`, body)).toBe('413 M_TOO_LARGE');
    expect(await refusedOf('PUT', `${room}/state/org.example.big/`, body)).toBe('413 M_TOO_LARGE');
  });

  test('an event of little less than 64 KiB is not', async () => {
    const answer = await ask('PUT', `${room}/send/m.room.message/less`, {
      msgtype: 'm.text',
      body: 'x'.repeat(60_000),
    });
    expect(verdict(answer)).toBe('200');
  });

  test('an event type and a state key have 255 bytes at most', async () => {
    const long = '%C3%A9'.repeat(128);
    expect(await refusedOf('PUT', `${room}/send/${long}/t`, {})).toBe('413 M_TOO_LARGE');
    expect(await refusedOf('PUT', `${room}/state/${long}/`, {})).toBe('413 M_TOO_LARGE');
    expect(await refusedOf('PUT', `${room}/state/org.example/${long}`, {})).toBe('413 M_TOO_LARGE');
  });

  const NO_CONTENT: readonly (readonly [string, string])[] = [
    ['a fraction', '{"n":1.5}'],
    ['a number out of range', '{"n":1e400}'],
    ['an integer out of range', '{"n":9007199254740993}'],
    ['half of a surrogate pair', '{"t":"\\ud800"}'],
    ['half of a surrogate pair in a key', '{"\\udfff":1}'],
  ];
  test.each(NO_CONTENT)('content with %s is no content of an event', async (_name, text) => {
    expect(await refusedOf('PUT', `${room}/send/m.room.message/canonical`, text)).toBe('400 M_BAD_JSON');
    expect(await refusedOf('PUT', `${room}/state/org.example/`, text)).toBe('400 M_BAD_JSON');
    // Beside state of the sender's own that it could repeat.
    const member = `${room}/state/m.room.member/${encodeURIComponent(scene.user.userId)}`;
    expect(await refusedOf('PUT', member, `{"membership":"join",${text.slice(1)}`)).toBe('400 M_BAD_JSON');
    expect(await refusedOf('POST', `${room}/join`, text)).toBe('400 M_BAD_JSON');
  });

  test('U+0000 in the content of an event is kept as it is', async () => {
    const sent = await ask('PUT', `${room}/send/m.room.message/nul`, '{"body":"a\\u0000b","msgtype":"m.text"}');
    expect(verdict(sent)).toBe('200');
    const event = await ask('GET', `${room}/event/${encodeURIComponent(String(sent.json.event_id))}`);
    expect(event.json.content).toEqual({ body: 'a\u0000b', msgtype: 'm.text' });
  });

  test('keys that objects have of themselves are keys like any other', async () => {
    const text = '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"hasOwnProperty":1}';
    expect(verdict(await ask('PUT', `${room}/state/org.example.keys/`, text))).toBe('200');
    expect((await ask('GET', `${room}/state/org.example.keys/`)).text).toContain('"__proto__":{"polluted":1}');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  const FUTURE = ['s999999999', '999999999', 's1_2_3_4_5_6_7_8_9', 's9007199254740991', 's99999999999999999999'];
  test.each(FUTURE)('a token from the future such as %s is refused or answered at once', async (token) => {
    for (const path of [
      `/_matrix/client/v3/sync?since=${token}&timeout=0`,
      `/_matrix/client/v3/keys/changes?from=${token}&to=${token}`,
      `${room}/messages?dir=b&from=${token}`,
      `${room}/messages?dir=f&from=${token}`,
      `${room}/members?at=${token}`,
      `/_matrix/client/v3/notifications?from=${token}`,
    ]) {
      const answer = await ask('GET', path);
      expect([200, 400], `${path}: ${answer.text}`).toContain(answer.status);
    }
    expect(server.errors).toEqual([]);
  });

  test('names of files lead nowhere but to files', async () => {
    const tricks = [
      '..%2f..%2f..%2fetc%2fpasswd',
      '%2e%2e%2fhomeserver.db',
      '..%5c..%5cboot.ini',
      '%2fetc%2fpasswd',
      'a%00b',
    ];
    for (const trick of tricks) {
      for (const path of [
        `/_matrix/client/v1/media/download/example.org/${trick}`,
        `/_matrix/client/v1/media/download/${trick}/abc`,
        `/_matrix/client/v1/media/thumbnail/example.org/${trick}?width=32&height=32`,
        `/_matrix/media/v3/download/example.org/${trick}`,
      ]) {
        const said = verdict(await ask('GET', path));
        expect(['400 M_INVALID_PARAM', '404 M_NOT_FOUND'], `${path}: ${said}`).toContain(said);
      }
      const upload = await ask('PUT', `/_matrix/media/v3/upload/example.org/${trick}`, 'text');
      expect(upload.status).toBeOneOf([400, 404]);
    }
    expect(server.errors).toEqual([]);
  });

  test('the name of a file cannot add headers or markup to its download', async () => {
    const name = encodeURIComponent('a"\r\nX-Evil: 1\r\n\r\n<script>.html');
    const uploaded = await server.send('POST', `/_matrix/media/v3/upload?filename=${name}`, {
      token: scene.user.token,
      body: '<script>alert(1)</script>',
      headers: { 'content-type': 'text/html' },
    });
    expect([200, 400]).toContain(uploaded.status);
    const uri = uploaded.status === 200 ? String(uploaded.json.content_uri) : '';
    const mediaId = uri.split('/').at(-1) || scene.known.byName.mediaId;
    for (const path of [`example.org/${mediaId}`, `example.org/${mediaId}/${name}`]) {
      const answer = await ask('GET', `/_matrix/client/v1/media/download/${path}`);
      if (answer.status !== 200) expect(answer.status).toBe(400);
      expect(answer.headers.get('x-evil')).toBeNull();
      if (answer.status === 200 && uploaded.status === 200) {
        expect(answer.headers.get('content-disposition')).toStartWith('attachment');
        expect(answer.headers.get('content-security-policy')).toContain('sandbox');
      }
    }
  });

  test('a filter of somebody else is not to be had', async () => {
    const path = `/_matrix/client/v3/user/${encodeURIComponent(scene.user.userId)}/filter/${scene.known.byName.filterId}`;
    const answer = await server.send('GET', path, { token: scene.other.token });
    expect(verdict(answer)).toBe('403 M_FORBIDDEN');
  });
});
