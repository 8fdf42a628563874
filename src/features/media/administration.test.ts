import { afterEach, expect, test } from 'bun:test';
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import type { UserId } from '#protocol/identifiers/index.ts';
import { forEachEngine } from '#test/storage.ts';
import { ALICE, BOB, outcome, type RepositoryOptions, SERVER_NAME, TestRepository } from './test-repository.ts';

const ADMIN = '@admin:example.org' as UserId;
const DAY_MS = 86_400_000;

forEachEngine('what administrators do with media', (engine) => {
  const opened: TestRepository[] = [];
  const open = async (options?: RepositoryOptions) => {
    const repository = await TestRepository.open(engine, options);
    opened.push(repository);
    return repository;
  };
  const drawing = () =>
    sharp({ create: { width: 200, height: 200, channels: 3, background: 'red' } })
      .png()
      .toBuffer();
  afterEach(() => {
    for (const repository of opened.splice(0)) repository.remove();
  });

  test('nobody gets quarantined media, thumbnails and legacy included', async () => {
    const repository = await open({ config: { enableAuthenticatedMedia: false } });
    const mediaId = await repository.upload(new Uint8Array(await drawing()));
    const thumbnail = () => repository.thumbnail(mediaId, 'width=32&height=32&method=crop');
    const legacy = () => repository.request('GET', `/_matrix/media/v3/download/${SERVER_NAME}/${mediaId}`);
    const etag = (await thumbnail()).headers.get('ETag') ?? '';
    expect(await repository.feature.quarantine.quarantine([mediaId], ADMIN)).toBe(1);
    for (const get of [() => repository.download(mediaId), thumbnail, legacy]) {
      expect(await outcome(get())).toBe('404 M_NOT_FOUND');
    }
    const cached = repository.thumbnail(mediaId, 'width=32&height=32&method=crop', {
      headers: { 'If-None-Match': etag },
    });
    expect(await outcome(cached)).toBe('404 M_NOT_FOUND');
    expect(await repository.feature.quarantine.release(mediaId)).toBe(1);
    for (const get of [() => repository.download(mediaId), thumbnail, legacy]) expect(await outcome(get())).toBe('200');
  });

  test('what has the same bytes is quarantined too, before and after', async () => {
    const repository = await open();
    const { quarantine, media } = repository.feature;
    const [first, copy, other] = [
      await repository.upload('same'),
      await repository.upload('same', { as: 'bob' }),
      await repository.upload('other'),
    ];
    expect(await quarantine.quarantine([first], ADMIN)).toBe(2);
    const later = await repository.upload('same');
    const reserved = await repository.reserve();
    await repository.request('PUT', `/_matrix/media/v3/upload/${SERVER_NAME}/${reserved}`, {
      as: 'alice',
      body: 'same',
    });
    for (const mediaId of [first, copy, later, reserved]) {
      expect(await outcome(repository.download(mediaId))).toBe('404 M_NOT_FOUND');
    }
    expect(await outcome(repository.download(other))).toBe('200');
    expect((await media.find(copy))?.quarantinedBy).toBe(ADMIN);
    expect((await media.find(later))?.quarantinedBy).toBe('system');
    // The hash outlives the media that it was taken from.
    await repository.feature.deletion.delete([first, copy, later, reserved]);
    expect(await outcome(repository.download(await repository.upload('same')))).toBe('404 M_NOT_FOUND');
  });

  test('a release is for everything with the same bytes, and for what comes later', async () => {
    const repository = await open();
    const { quarantine } = repository.feature;
    const [first, copy] = [await repository.upload('same'), await repository.upload('same')];
    await quarantine.quarantine([first, 'unknown'], ADMIN);
    const sha256 = new Bun.CryptoHasher('sha256').update('same').digest('hex');
    expect(await quarantine.isHashQuarantined(sha256)).toBe(true);
    expect(await quarantine.release(copy)).toBe(2);
    expect(await quarantine.isHashQuarantined(sha256)).toBe(false);
    for (const mediaId of [first, copy, await repository.upload('same')]) {
      expect(await outcome(repository.download(mediaId))).toBe('200');
    }
  });

  test('protected media are never quarantined', async () => {
    const repository = await open();
    const { quarantine } = repository.feature;
    const [sticker, bad] = [await repository.upload('sticker'), await repository.upload('bad')];
    await quarantine.protect(sticker, true);
    expect(await quarantine.quarantine([sticker], ADMIN)).toBe(0);
    expect(await quarantine.quarantineOfUser(ALICE, ADMIN)).toBe(1);
    expect(await outcome(repository.download(sticker))).toBe('200');
    expect(await outcome(repository.download(bad))).toBe('404 M_NOT_FOUND');
    expect(await outcome(repository.download(await repository.upload('sticker')))).toBe('200');
    await quarantine.protect(sticker, false);
    expect(await quarantine.quarantineOfUser(ALICE, ADMIN)).toBe(2);
    const refused = await quarantine.protect('unknown', true).catch((error: unknown) => error);
    expect(refused).toMatchObject({ errcode: 'M_NOT_FOUND' });
  });

  test('each quarantine and release is told, in order', async () => {
    const repository = await open();
    const { quarantine } = repository.feature;
    const [a, b] = [await repository.upload('a'), await repository.upload('b')];
    await quarantine.quarantine([a, b], ADMIN);
    await quarantine.release(a);
    const changes = await quarantine.changesAfter(0, 10);
    expect(changes.map(({ mediaId, quarantined }) => [mediaId, quarantined])).toEqual([
      [a, true],
      [b, true],
      [a, false],
    ]);
    expect(await quarantine.changesAfter(changes[0]?.changeId ?? 0, 1)).toEqual(changes.slice(1, 2));
  });

  test('an administrator may look at what is quarantined, and nobody else', async () => {
    const repository = await open();
    const mediaId = await repository.upload('x');
    await repository.feature.quarantine.quarantine([mediaId], ADMIN);
    const bypass = '?admin_unsafely_bypass_quarantine=true';
    expect(await outcome(repository.download(mediaId, bypass, { as: 'admin' }))).toBe('200');
    expect(await outcome(repository.download(mediaId, `/name${bypass}`, { as: 'admin' }))).toBe('200');
    expect(await outcome(repository.download(mediaId, '', { as: 'admin' }))).toBe('404 M_NOT_FOUND');
    expect(await outcome(repository.download(mediaId, bypass, { as: 'alice' }))).toBe('400 M_UNKNOWN');
  });

  test('deleted media are gone, with their thumbnails', async () => {
    const repository = await open();
    const mediaId = await repository.upload(new Uint8Array(await drawing()));
    const kept = await repository.upload('kept');
    await repository.thumbnail(mediaId, 'width=32&height=32&method=crop');
    await repository.thumbnail(mediaId, 'width=96&height=96&method=crop');
    expect(repository.list()).toHaveLength(4);
    expect(await repository.feature.deletion.delete([mediaId, 'unknown'])).toEqual([mediaId]);
    expect(repository.list()).toHaveLength(1);
    expect(await outcome(repository.download(mediaId))).toBe('404 M_NOT_FOUND');
    expect(await outcome(repository.thumbnail(mediaId, 'width=32&height=32'))).toBe('404 M_NOT_FOUND');
    expect(await outcome(repository.download(kept))).toBe('200');
  });

  test("a user's media can be listed in any order, page by page", async () => {
    const repository = await open();
    const ids: string[] = [];
    for (const [body, name, type] of [
      ['ccc', 'b', 'image/png'],
      ['a', undefined, 'text/plain'],
      ['bb', 'A', 'image/gif'],
    ] as const) {
      ids.push(await repository.upload(body, { type, ...(name === undefined ? {} : { name }) }));
      await repository.clock.advance(1000);
    }
    await repository.upload('x', { as: 'bob' });
    const [first = '', second = '', third = ''] = ids;
    const list = async (
      orderBy: 'createdMs' | 'uploadName' | 'sizeBytes' | 'type',
      direction: 'ascending' | 'descending',
      offset = 0,
      limit = 10,
    ) => {
      const { media, total } = await repository.feature.list.ofUser({
        userId: ALICE,
        offset,
        limit,
        orderBy,
        direction,
      });
      expect(total).toBe(3);
      return media.map(({ mediaId }) => mediaId);
    };
    expect(await list('createdMs', 'ascending')).toEqual([first, second, third]);
    expect(await list('createdMs', 'descending', 1, 1)).toEqual([second]);
    expect(await list('sizeBytes', 'ascending')).toEqual([second, third, first]);
    expect(await list('uploadName', 'ascending')).toEqual([second, third, first]);
    expect(await list('uploadName', 'descending')).toEqual([first, third, second]);
    expect(await list('type', 'ascending')).toEqual([third, first, second]);
    expect(
      (
        await repository.feature.list.ofUser({
          userId: BOB,
          offset: 0,
          limit: 1,
          orderBy: 'mediaId',
          direction: 'ascending',
        })
      ).media[0],
    ).toMatchObject({
      userId: BOB,
      content: { sizeBytes: 1, type: 'application/octet-stream' },
      createdMs: repository.clock.now(),
      lastAccessMs: repository.clock.now(),
    });
  });

  test('retention deletes what nobody has asked for, save avatars and what is quarantined or protected', async () => {
    const avatars = new Set<string>();
    const repository = await open({
      config: { localMediaLifetimeMs: 10 * DAY_MS },
      avatarsInUse: async (uris) => new Set(uris.filter((uri) => avatars.has(uri))),
    });
    const { maintenance, quarantine, media } = repository.feature;
    const [idle, read, avatar, bad, safe] = await Promise.all(
      ['idle', 'read', 'avatar', 'bad', 'safe'].map((body) => repository.upload(body)),
    );
    avatars.add(`mxc://${SERVER_NAME}/${avatar}`);
    await quarantine.quarantine([bad ?? ''], ADMIN);
    await quarantine.protect(safe ?? '', true);
    const running = maintenance.start();
    await repository.clock.advance(9 * DAY_MS);
    await repository.download(read ?? '');
    await repository.during(Bun.sleep(30));
    await running[Symbol.asyncDispose]();
    expect((await media.find(read ?? ''))?.lastAccessMs).toBeGreaterThanOrEqual(repository.clock.now() - DAY_MS);
    await repository.clock.advance(DAY_MS + 1);
    await maintenance.tidy();
    const left = await Promise.all(
      [idle, read, avatar, bad, safe].map(async (id) => (await media.find(id ?? '')) !== undefined),
    );
    expect(left).toEqual([false, true, true, true, true]);
  });

  test('old media can be deleted by size, avatars included if so wished', async () => {
    const repository = await open({ avatarsInUse: async (uris) => new Set(uris) });
    const [small, large] = [await repository.upload('1234'), await repository.upload('12345')];
    await repository.clock.advance(1000);
    const request = { beforeMs: repository.clock.now(), largerThanBytes: 4 };
    expect(await repository.feature.deletion.deleteOld({ ...request, keepAvatars: true })).toEqual([]);
    expect(await repository.feature.deletion.deleteOld({ ...request, beforeMs: 0, keepAvatars: false })).toEqual([]);
    expect(await repository.feature.deletion.deleteOld({ ...request, keepAvatars: false })).toEqual([large]);
    expect(await outcome(repository.download(small))).toBe('200');
  });

  test('what a crash left half-written is swept away in time', async () => {
    const repository = await open();
    const [old, recent] = [join(repository.folder, 'tmp', 'old'), join(repository.folder, 'tmp', 'recent')];
    mkdirSync(join(repository.folder, 'tmp'));
    for (const [path, ageMs] of [
      [old, 2 * DAY_MS],
      [recent, 1000],
    ] as const) {
      writeFileSync(path, 'half');
      const seconds = (repository.clock.now() - ageMs) / 1000;
      utimesSync(path, seconds, seconds);
    }
    await repository.feature.maintenance.tidy();
    expect(repository.list()).toEqual(['tmp/recent']);
  });
});
