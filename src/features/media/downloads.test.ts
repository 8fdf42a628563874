import { afterEach, expect, test } from 'bun:test';
import { rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { forEachEngine } from '#test/storage.ts';
import type { MediaContent, RemoteMediaRequest } from './index.ts';
import { outcome, type RepositoryOptions, SERVER_NAME, TestRepository } from './test-repository.ts';

const legacy = (mediaId: string, rest = '') => `/_matrix/media/v3/download/${SERVER_NAME}/${mediaId}${rest}`;
const authenticated = (serverName: string, mediaId: string) =>
  `/_matrix/client/v1/media/download/${serverName}/${mediaId}`;

forEachEngine('downloads', (engine) => {
  const opened: TestRepository[] = [];
  const open = async (options?: RepositoryOptions) => {
    const repository = await TestRepository.open(engine, options);
    opened.push(repository);
    return repository;
  };
  afterEach(() => {
    for (const repository of opened.splice(0)) repository.remove();
  });

  test('the authenticated endpoints need a token, which a guest may have', async () => {
    const repository = await open();
    const mediaId = await repository.upload('x');
    const path = authenticated(SERVER_NAME, mediaId);
    const thumbnail = `/_matrix/client/v1/media/thumbnail/${SERVER_NAME}/${mediaId}?width=1&height=1`;
    for (const url of [
      path,
      `${path}/name`,
      thumbnail,
      '/_matrix/client/v1/media/config',
      '/_matrix/media/v3/config',
    ]) {
      expect(await outcome(repository.request('GET', url))).toBe('401 M_MISSING_TOKEN');
      expect(await outcome(repository.request('GET', url, { as: 'nobody' }))).toBe('401 M_UNKNOWN_TOKEN');
    }
    expect(await outcome(repository.request('GET', path, { as: 'guest' }))).toBe('200');
  });

  test('media uploaded since authentication was asked for do not exist for the legacy endpoints', async () => {
    const repository = await open();
    const mediaId = await repository.upload('x');
    for (const version of ['v3', 'r0', 'v1']) {
      for (const rest of ['', '/name', '?allow_remote=false&allow_redirect=true']) {
        const path = `/_matrix/media/${version}/download/${SERVER_NAME}/${mediaId}${rest}`;
        expect(await outcome(repository.request('GET', path))).toBe('404 M_NOT_FOUND');
      }
      const thumbnail = `/_matrix/media/${version}/thumbnail/${SERVER_NAME}/${mediaId}?width=1&height=1`;
      expect(await outcome(repository.request('GET', thumbnail))).toBe('404 M_NOT_FOUND');
    }
    expect(await outcome(repository.download(mediaId))).toBe('200');
  });

  test('media uploaded before that stay public, and all are while authentication is not asked for', async () => {
    const repository = await open({ config: { enableAuthenticatedMedia: false } });
    const mediaId = await repository.upload('public', { type: 'text/plain', name: 'p' });
    const response = await repository.request('GET', legacy(mediaId));
    expect(await response.text()).toBe('public');
    expect(response.headers.get('Content-Disposition')).toBe('inline; filename=p');
    expect((await repository.feature.media.find(mediaId))?.authenticated).toBe(false);
  });

  test('what tells a browser not to trust content stands in each answer', async () => {
    const repository = await open();
    const { headers } = await repository.download(await repository.upload('<script>', { type: 'text/html' }));
    expect(headers.get('Content-Type')).toBe('text/html; charset=UTF-8');
    expect(headers.get('Content-Disposition')).toBe('attachment');
    expect(headers.get('Content-Security-Policy')).toStartWith("sandbox; default-src 'none'; script-src 'none';");
    expect(headers.get('X-Content-Type-Options')).toBe('nosniff');
    expect(headers.get('Cross-Origin-Resource-Policy')).toBe('cross-origin');
    expect(headers.get('Access-Control-Allow-Origin')).toBe('*');
    expect(headers.get('Referrer-Policy')).toBe('no-referrer');
    expect(headers.get('X-Robots-Tag')).toContain('noindex');
    expect(headers.get('Cache-Control')).toContain('s-maxage=0');
  });

  test('names are kept and can be overridden, whatever they hold', async () => {
    const repository = await open();
    const cases = [
      ['ascii', 'filename=ascii'],
      ['name with spaces', 'filename="name with spaces"'],
      ['name;with;semicolons', 'filename="name;with;semicolons"'],
      ['\u{1f414}', "filename*=utf-8''%F0%9F%90%94"],
      ['a"b\r\nX: y', "filename*=utf-8''a%22b%0D%0AX%3A%20y"],
      ['../../etc/passwd', 'filename="../../etc/passwd"'],
    ] as const;
    for (const [name, expected] of cases) {
      const mediaId = await repository.upload('x', { name, type: 'image/png' });
      const response = await repository.download(mediaId);
      expect(response.headers.get('Content-Disposition')).toBe(`inline; ${expected}`);
    }
    const mediaId = await repository.upload('x', { name: 'old', type: 'image/png' });
    for (const [name, expected] of cases) {
      const response = await repository.download(mediaId, `/${encodeURIComponent(name)}`);
      expect(response.headers.get('Content-Disposition')).toBe(`inline; ${expected}`);
    }
    expect(await outcome(repository.download(mediaId, '/a%00b'))).toBe('400 M_INVALID_PARAM');
    expect(await outcome(repository.download(mediaId, `/${'x'.repeat(1025)}`))).toBe('400 M_INVALID_PARAM');
  });

  test('what the client has already is not sent again, but only to those who may have it', async () => {
    const repository = await open();
    const mediaId = await repository.upload('x');
    const etag = (await repository.download(mediaId)).headers.get('ETag') ?? '';
    for (const header of [etag, `"other", W/${etag}`, '*']) {
      const again = await repository.download(mediaId, '', { headers: { 'If-None-Match': header } });
      expect([again.status, await again.text()]).toEqual([304, '']);
    }
    expect((await repository.download(mediaId, '', { headers: { 'If-None-Match': '"other"' } })).status).toBe(200);
    const path = legacy(mediaId);
    expect(await outcome(repository.request('GET', path, { headers: { 'If-None-Match': etag } }))).toBe(
      '404 M_NOT_FOUND',
    );
  });

  test('a part can be asked for', async () => {
    const repository = await open();
    const mediaId = await repository.upload('0123456789');
    const range = (Range: string, headers = {}) => repository.download(mediaId, '', { headers: { Range, ...headers } });
    const part = await range('bytes=2-4');
    expect([part.status, await part.text(), part.headers.get('Content-Range')]).toEqual([206, '234', 'bytes 2-4/10']);
    expect(await (await range('bytes=-3')).text()).toBe('789');
    expect(await (await range('bytes=7-99')).text()).toBe('789');
    expect((await range('bytes=1-2', { 'If-Range': '"other"' })).status).toBe(200);
    const outside = await range('bytes=10-');
    expect([outside.status, outside.headers.get('Content-Range')]).toEqual([416, 'bytes */10']);
  });

  test('HEAD tells the same without the content', async () => {
    const repository = await open();
    const mediaId = await repository.upload('0123456789', { type: 'text/plain' });
    const response = await repository.request('HEAD', authenticated(SERVER_NAME, mediaId), { as: 'bob' });
    expect([response.status, await response.text()]).toEqual([200, '']);
    expect(response.headers.get('Content-Length')).toBe('10');
    expect((await repository.request('HEAD', legacy(mediaId))).status).toBe(404);
  });

  test('a file that is gone or cut short is not found', async () => {
    const repository = await open();
    const [gone, short] = [await repository.upload('gone'), await repository.upload('short')];
    const path = (id: string) => join(repository.folder, 'local', id.slice(0, 2), id.slice(2, 4), id.slice(4));
    rmSync(path(gone));
    truncateSync(path(short), 3);
    expect(await outcome(repository.download(gone))).toBe('404 M_NOT_FOUND');
    expect(await outcome(repository.download(short))).toBe('404 M_NOT_FOUND');
  });

  test('paths that are none of a media id find nothing', async () => {
    const repository = await open();
    const tricks = [
      '%252e%252e',
      '..%2F..%2Fetc%2Fpasswd',
      '%5C..%5C',
      'a%0Ab',
      '%C3%A9',
      'a.b',
      `${'a'.repeat(256)}`,
      '~',
    ];
    for (const trick of tricks) {
      for (const path of [authenticated(SERVER_NAME, trick), authenticated(trick, 'abc'), legacy(trick)]) {
        expect(await outcome(repository.request('GET', path, { as: 'bob' }))).toBe('404 M_NOT_FOUND');
      }
    }
    for (const unreadable of ['a%00b', '%FF']) {
      expect(await outcome(repository.download(unreadable))).toBe('400 M_INVALID_PARAM');
    }
  });

  test('timeout_ms must be a number', async () => {
    const repository = await open();
    const mediaId = await repository.upload('x');
    expect((await repository.download(mediaId, '?timeout_ms=soon')).status).toBe(400);
    expect((await repository.download(mediaId, '?timeout_ms=-1')).status).toBe(400);
  });

  test('the limits are told to users', async () => {
    const repository = await open({ config: { maxUploadSizeBytes: 4711 } });
    for (const path of ['/_matrix/client/v1/media/config', '/_matrix/media/v3/config', '/_matrix/media/r0/config']) {
      expect(await (await repository.request('GET', path, { as: 'alice' })).json()).toEqual({ 'm.upload.size': 4711 });
    }
  });

  test("other servers' media come through their port, and only where they may", async () => {
    const asked: RemoteMediaRequest[] = [];
    const repository = await open({
      config: { preventDownloadsFrom: ['bad.org'] },
      remoteMedia: {
        async find(request): Promise<MediaContent> {
          asked.push(request);
          const file = await repository.files.begin();
          await file.write(new TextEncoder().encode('remote'));
          await file.keep('remote/aa/bb/cc' as never);
          return { area: 'remote', fileId: 'aabbcc', type: 'text/plain', sizeBytes: 6, uploadName: 'r', sha256: 'ab' };
        },
      },
    });
    const response = await repository.request('GET', authenticated('other.org:8448', 'abc'), { as: 'bob' });
    expect(await response.text()).toBe('remote');
    expect(asked[0]).toMatchObject({
      serverName: 'other.org:8448',
      mediaId: 'abc',
      mayFetch: true,
      ip: '203.0.113.7',
      timeoutMs: 20_000,
    });
    await repository.request('GET', '/_matrix/media/v3/download/other.org/abc');
    expect(asked[1]).toMatchObject({ mayFetch: false, authenticated: false });
    const refused = [
      '/_matrix/media/v3/download/other.org/abc?allow_remote=false',
      '/_matrix/media/v3/download/bad.org/abc',
      '/_matrix/media/v3/download/not_a_server/abc',
      '/_matrix/media/v3/download/other.org/a.b',
    ];
    for (const path of refused) expect(await outcome(repository.request('GET', path))).toBe('404 M_NOT_FOUND');
    expect(await outcome(repository.request('GET', authenticated('bad.org', 'abc'), { as: 'bob' }))).toBe(
      '404 M_NOT_FOUND',
    );
    expect(asked).toHaveLength(2);
  });

  test('a server without federation knows no media but its own', async () => {
    const repository = await open();
    expect(await outcome(repository.request('GET', authenticated('other.org', 'abc'), { as: 'bob' }))).toBe(
      '404 M_NOT_FOUND',
    );
  });
});
