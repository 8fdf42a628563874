import { afterEach, expect, test } from 'bun:test';
import { forEachEngine } from '#test/storage.ts';
import { outcome, type RepositoryOptions, SERVER_NAME, TestRepository } from './test-repository.ts';

const CREATE = '/_matrix/media/v1/create';
const to = (mediaId: string) => `/_matrix/media/v3/upload/${SERVER_NAME}/${mediaId}`;

forEachEngine('reserved media ids', (engine) => {
  const opened: TestRepository[] = [];
  const open = async (options?: RepositoryOptions) => {
    const repository = await TestRepository.open(engine, options);
    opened.push(repository);
    return repository;
  };
  afterEach(() => {
    for (const repository of opened.splice(0)) repository.remove();
  });

  test('a media id is reserved first and uploaded to later', async () => {
    const repository = await open();
    const created = await (await repository.request('POST', CREATE, { as: 'alice' })).json();
    expect(created).toEqual({
      content_uri: expect.stringMatching(/^mxc:\/\/example\.org\/[A-Za-z0-9]{24}$/),
      unused_expires_at: repository.clock.now() + 3_600_000,
    });
    const mediaId = (created as { content_uri: string }).content_uri.split('/').at(-1) ?? '';
    const sent = { as: 'alice', body: 'late', headers: { 'Content-Type': 'text/plain' } };
    const response = await repository.request('PUT', `${to(mediaId)}?filename=n.txt`, sent);
    expect([response.status, await response.json()]).toEqual([200, {}]);
    const download = await repository.download(mediaId);
    expect(await download.text()).toBe('late');
    expect(download.headers.get('Content-Disposition')).toBe('inline; filename=n.txt');
  });

  test('content is never overwritten', async () => {
    const repository = await open();
    const mediaId = await repository.reserve();
    await repository.request('PUT', to(mediaId), { as: 'alice', body: 'first' });
    expect(await outcome(repository.request('PUT', to(mediaId), { as: 'alice' }))).toBe('409 M_CANNOT_OVERWRITE_MEDIA');
    const uploaded = await repository.upload('x');
    expect(await outcome(repository.request('PUT', to(uploaded), { as: 'alice' }))).toBe(
      '409 M_CANNOT_OVERWRITE_MEDIA',
    );
    expect(await (await repository.download(mediaId)).text()).toBe('first');
  });

  test('of uploads to one id beside each other one wins, whole, and the others leave nothing', async () => {
    const repository = await open();
    const mediaId = await repository.reserve();
    const bodies = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(400_000));
    const outcomes = await Promise.all(
      bodies.map((body) => outcome(repository.request('PUT', to(mediaId), { as: 'alice', body }))),
    );
    expect(outcomes.filter((status) => status === '200')).toHaveLength(1);
    expect(outcomes.filter((status) => status === '409 M_CANNOT_OVERWRITE_MEDIA')).toHaveLength(3);
    const winner = bodies[outcomes.indexOf('200')];
    expect((await (await repository.download(mediaId)).text()) === winner).toBe(true);
    expect(repository.list()).toHaveLength(1);
  });

  test('only who reserved an id may upload to it', async () => {
    const repository = await open();
    const mediaId = await repository.reserve();
    expect(await outcome(repository.request('PUT', to(mediaId), { as: 'bob', body: 'x' }))).toBe('403 M_FORBIDDEN');
  });

  test('an id that was never reserved, or of another server, is unknown', async () => {
    const repository = await open();
    const mediaId = await repository.reserve();
    for (const path of [
      to('unknown'),
      to('%252e%252e'),
      to('a%2F..%2Fb'),
      `/_matrix/media/v3/upload/other.org/${mediaId}`,
    ]) {
      expect(await outcome(repository.request('PUT', path, { as: 'alice', body: 'x' }))).toBe('404 M_NOT_FOUND');
    }
    expect(await outcome(repository.request('PUT', to('%00'), { as: 'alice', body: 'x' }))).toBe('400 M_INVALID_PARAM');
  });

  test('an id lapses when nothing is uploaded to it', async () => {
    const repository = await open();
    const mediaId = await repository.reserve();
    await repository.clock.advance(3_600_000);
    expect(await outcome(repository.request('PUT', to(mediaId), { as: 'alice', body: 'x' }))).toBe('404 M_NOT_FOUND');
    expect(await outcome(repository.download(mediaId))).toBe('404 M_NOT_FOUND');
    await repository.clock.advance(24 * 3_600_000);
    await repository.feature.maintenance.tidy();
    expect(await repository.feature.media.find(mediaId)).toBeUndefined();
  });

  test('an upload that fails leaves the id free for another', async () => {
    const repository = await open({ config: { maxUploadSizeBytes: 10 } });
    const mediaId = await repository.reserve();
    const large = repository.request('PUT', to(mediaId), { as: 'alice', body: 'x'.repeat(11) });
    expect(await outcome(large)).toBe('413 M_TOO_LARGE');
    expect(await outcome(repository.request('PUT', to(mediaId), { as: 'alice', body: 'x' }))).toBe('200');
  });

  test('a user has only so many ids at a time, also when asking for all at once', async () => {
    const repository = await open();
    const create = () => repository.request('POST', CREATE, { as: 'alice' });
    const outcomes = await Promise.all(Array.from({ length: 6 }, () => outcome(create())));
    expect(outcomes.sort()).toEqual(['200', '200', '200', ...Array(3).fill('429 M_LIMIT_EXCEEDED')]);
    const refused = await create();
    expect(await refused.json()).toMatchObject({ retry_after_ms: 3_600_000 });
    expect(refused.headers.get('Retry-After')).toBe('3600');
    expect(await outcome(repository.request('POST', CREATE, { as: 'bob' }))).toBe('200');
    await repository.clock.advance(3_600_000);
    expect(await outcome(create())).toBe('200');
  });

  test('a download waits for the upload', async () => {
    const repository = await open();
    const mediaId = await repository.reserve();
    const download = repository.download(mediaId);
    await Bun.sleep(20);
    await repository.request('PUT', to(mediaId), { as: 'alice', body: 'there' });
    // The clock stands still: it is the upload that wakes it.
    expect(await (await download).text()).toBe('there');
  });

  test('a download gives up after 20 seconds, after timeout_ms, and at the latest after a minute', async () => {
    const repository = await open({ config: { maxPendingUploads: 10 } });
    for (const [query, seconds] of [
      ['', 20],
      ['?timeout_ms=0', 0],
      ['?timeout_ms=5000', 5],
      ['?timeout_ms=9999999', 60],
    ] as const) {
      const mediaId = await repository.reserve();
      const started = repository.clock.now();
      expect(await outcome(repository.during(repository.download(mediaId, query)))).toBe('504 M_NOT_YET_UPLOADED');
      const waitedSeconds = (repository.clock.now() - started) / 1000;
      expect(waitedSeconds).toBeGreaterThanOrEqual(seconds);
      expect(waitedSeconds).toBeLessThan(seconds + 15);
    }
  });

  test('thumbnails and the legacy endpoints wait as well', async () => {
    const repository = await open();
    const mediaId = await repository.reserve();
    const thumbnail = repository.thumbnail(mediaId, 'width=32&height=32&timeout_ms=100');
    expect(await outcome(repository.during(thumbnail))).toBe('504 M_NOT_YET_UPLOADED');
    const legacy = repository.request('GET', `/_matrix/media/v3/download/${SERVER_NAME}/${mediaId}?timeout_ms=100`);
    expect(await outcome(repository.during(legacy))).toBe('504 M_NOT_YET_UPLOADED');
  });
});
