import { afterEach, expect, test } from 'bun:test';
import { forEachEngine } from '#test/storage.ts';
import { ALICE, outcome, type RepositoryOptions, streamOf, TestRepository } from './test-repository.ts';

const UPLOAD = '/_matrix/media/v3/upload';
const kilobyte = new Uint8Array(1000).fill(7);

forEachEngine('uploads', (engine) => {
  const opened: TestRepository[] = [];
  const open = async (options?: RepositoryOptions) => {
    const repository = await TestRepository.open(engine, options);
    opened.push(repository);
    return repository;
  };
  afterEach(() => {
    for (const repository of opened.splice(0)) repository.remove();
  });

  test('what is uploaded can be downloaded, with its type and name', async () => {
    const repository = await open();
    const mediaId = await repository.upload('Hello', { type: 'img/png', name: 'a.png' });
    expect(mediaId).toMatch(/^[A-Za-z0-9]{24}$/);
    const response = await repository.download(mediaId);
    expect(await response.text()).toBe('Hello');
    expect(response.headers.get('Content-Type')).toBe('img/png');
    expect(response.headers.get('Content-Disposition')).toBe('attachment; filename=a.png');
    expect(repository.list()).toEqual([`local/${mediaId.slice(0, 2)}/${mediaId.slice(2, 4)}/${mediaId.slice(4)}`]);
  });

  test('an upload may be empty, and without a type or a name', async () => {
    const repository = await open();
    const response = await repository.download(await repository.upload(new Uint8Array(0)));
    expect(await response.text()).toBe('');
    expect(response.headers.get('Content-Type')).toBe('application/octet-stream');
    expect(response.headers.get('Content-Disposition')).toBe('attachment');
  });

  test('an upload that declares too many bytes is refused before it is read', async () => {
    const repository = await open({ config: { maxUploadSizeBytes: 999 } });
    let pulled = 0;
    const body = new ReadableStream({ pull: () => void pulled++ }, { highWaterMark: 0 });
    const response = repository.request('POST', UPLOAD, { as: 'alice', body, headers: { 'Content-Length': '1000' } });
    expect(await outcome(response)).toBe('413 M_TOO_LARGE');
    expect(pulled).toBe(0);
  });

  test('an upload that turns out too large is refused while it comes, and leaves nothing', async () => {
    const repository = await open({ config: { maxUploadSizeBytes: 2500 } });
    const endless = new ReadableStream({ pull: (controller) => controller.enqueue(kilobyte) });
    expect(await outcome(repository.request('POST', UPLOAD, { as: 'alice', body: endless }))).toBe('413 M_TOO_LARGE');
    expect(repository.list()).toEqual([]);
    const exact = streamOf([kilobyte, kilobyte, kilobyte.subarray(0, 500)]);
    expect(await outcome(repository.request('POST', UPLOAD, { as: 'alice', body: exact }))).toBe('200');
  });

  test('an upload that breaks off leaves neither a file nor a row', async () => {
    const repository = await open();
    const broken = streamOf([kilobyte, kilobyte], true);
    expect(await outcome(repository.request('POST', UPLOAD, { as: 'alice', body: broken }))).toBe('400 M_UNKNOWN');
    const short = { as: 'alice', body: streamOf([kilobyte]), headers: { 'Content-Length': '2000' } };
    expect(await outcome(repository.request('POST', UPLOAD, short))).toBe('400 M_UNKNOWN');
    expect(repository.list()).toEqual([]);
    const { total } = await repository.feature.list.ofUser({
      userId: ALICE,
      offset: 0,
      limit: 10,
      orderBy: 'createdMs',
      direction: 'ascending',
    });
    expect(total).toBe(0);
  });

  test('only users may upload: not strangers, guests or the suspended', async () => {
    const repository = await open();
    for (const [method, path] of [
      ['POST', UPLOAD],
      ['POST', '/_matrix/media/v1/create'],
      ['PUT', '/_matrix/media/v3/upload/example.org/abc'],
    ] as const) {
      expect(await outcome(repository.request(method, path))).toBe('401 M_MISSING_TOKEN');
      expect(await outcome(repository.request(method, path, { as: 'nobody' }))).toBe('401 M_UNKNOWN_TOKEN');
      expect(await outcome(repository.request(method, path, { as: 'guest' }))).toBe('403 M_GUEST_ACCESS_FORBIDDEN');
      expect(await outcome(repository.request(method, path, { as: 'suspended' }))).toBe('403 M_USER_SUSPENDED');
    }
  });

  test('a file name with NUL, or of more than 1024 bytes, is refused', async () => {
    const repository = await open();
    for (const name of ['a%00b', 'x'.repeat(1025), encodeURIComponent('é'.repeat(513))]) {
      const response = repository.request('POST', `${UPLOAD}?filename=${name}`, { as: 'alice', body: 'x' });
      expect(await outcome(response)).toBe('400 M_INVALID_PARAM');
    }
    expect(repository.list()).toEqual([]);
    await repository.upload('x', { name: 'x'.repeat(1024) });
  });

  test('a content type that is none becomes application/octet-stream', async () => {
    const repository = await open();
    for (const type of ['undefined', 'image', 'a/b, c/d', `a/${'b'.repeat(300)}`]) {
      const response = await repository.download(await repository.upload('x', { type }));
      expect(response.headers.get('Content-Type')).toBe('application/octet-stream');
    }
  });

  test('a limit that says where to read about it is told as the user’s own', async () => {
    const limit = { timePeriodMs: 60_000, maxSizeBytes: 500, infoUri: 'https://example.org/quota', canUpgrade: true };
    const repository = await open({ config: { uploadLimits: [limit] } });
    const response = await repository.request('POST', UPLOAD, { as: 'alice', body: kilobyte });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({
      errcode: 'M_USER_LIMIT_EXCEEDED',
      info_uri: 'https://example.org/quota',
      can_upgrade: true,
    });
  });

  test('uploads beside each other do not exceed a limit together', async () => {
    const uploadLimits = [{ timePeriodMs: 60_000, maxSizeBytes: 2500 }];
    const repository = await open({ config: { uploadLimits } });
    const uploading = Array.from({ length: 5 }, () =>
      outcome(repository.request('POST', UPLOAD, { as: 'alice', body: kilobyte })),
    );
    const outcomes = (await Promise.all(uploading)).sort();
    expect(outcomes).toEqual(['200', '200', ...Array(3).fill('403 M_FORBIDDEN')]);
    expect(repository.list()).toHaveLength(2);
    expect(await outcome(repository.request('POST', UPLOAD, { as: 'bob', body: kilobyte }))).toBe('200');
    await repository.clock.advance(60_001);
    expect(await outcome(repository.request('POST', UPLOAD, { as: 'alice', body: kilobyte }))).toBe('200');
  });
});
