import { afterEach, expect, test } from 'bun:test';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { forEachEngine } from '#test/storage.ts';
import { outcome, type RepositoryOptions, SERVER_NAME, TestRepository } from './test-repository.ts';

/** Two halves, left red and right blue, so that turning and cutting can be told. */
function picture(width: number, height: number, channels: 3 | 4 = 3): Sharp {
  const pixels = new Uint8Array(width * height * channels).fill(128);
  for (let at = 0; at < width * height; at++) {
    pixels.set(at % width < width / 2 ? [255, 0, 0] : [0, 0, 255], at * channels);
  }
  return sharp(pixels, { raw: { width, height, channels } });
}

/** Three frames of noise. */
function animation(width: number, height: number): Sharp {
  const pixels = Uint8Array.from({ length: width * height * 3 * 3 }, (_, at) => (at * 7919) % 251);
  return sharp(pixels, { raw: { width, height: height * 3, channels: 3, pageHeight: height } });
}

const bytesOf = async (image: Sharp): Promise<Uint8Array<ArrayBuffer>> => new Uint8Array(await image.toBuffer());

/** A PNG whose header claims a size that its pixels do not have. */
async function bomb(width: number, height: number): Promise<Uint8Array<ArrayBuffer>> {
  const png = await bytesOf(picture(1, 1).png());
  const view = new DataView(png.buffer);
  view.setUint32(16, width);
  view.setUint32(20, height);
  view.setUint32(29, Bun.hash.crc32(png.subarray(12, 29)));
  return png;
}

async function shape(response: Response | Promise<Response>) {
  const { headers, status } = await response;
  const bytes = new Uint8Array(await (await response).arrayBuffer());
  if (status !== 200) throw new Error(`${status} ${new TextDecoder().decode(bytes)}`);
  const { width, height, pages = 1, format, orientation } = await sharp(bytes).metadata();
  return {
    bytes,
    type: headers.get('Content-Type'),
    size: `${width}x${height}`,
    frames: pages,
    format,
    orientation,
    headers,
  };
}

async function colourAt(bytes: Uint8Array, left: number, top: number): Promise<'red' | 'blue'> {
  const { data } = await sharp(bytes)
    .removeAlpha()
    .extract({ left, top, width: 1, height: 1 })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return (data[0] ?? 0) > (data[2] ?? 0) ? 'red' : 'blue';
}

forEachEngine('thumbnails', (engine) => {
  const opened: TestRepository[] = [];
  const open = async (options?: RepositoryOptions) => {
    const repository = await TestRepository.open(engine, options);
    opened.push(repository);
    return repository;
  };
  afterEach(() => {
    for (const repository of opened.splice(0)) repository.remove();
  });

  test('a scaled image keeps its shape, a cropped one takes the shape asked for', async () => {
    const repository = await open();
    const mediaId = await repository.upload(await bytesOf(picture(800, 400).png()), { type: 'image/png' });
    const scaled = await shape(repository.thumbnail(mediaId, 'width=320&height=240&method=scale'));
    expect([scaled.size, scaled.type]).toEqual(['320x160', 'image/png']);
    expect(scaled.headers.get('Content-Disposition')).toBe('inline; filename=thumbnail.png');
    expect(scaled.headers.get('Content-Security-Policy')).toStartWith('sandbox;');
    expect(await colourAt(scaled.bytes, 10, 80)).toBe('red');
    expect(await colourAt(scaled.bytes, 310, 80)).toBe('blue');
    const cropped = await shape(repository.thumbnail(mediaId, 'width=90&height=90&method=crop'));
    expect(cropped.size).toBe('96x96');
    // The middle of it.
    expect([await colourAt(cropped.bytes, 40, 50), await colourAt(cropped.bytes, 55, 50)]).toEqual(['red', 'blue']);
    expect((await shape(repository.thumbnail(mediaId, 'width=320&height=240'))).size).toBe('320x160');
  });

  test('photos stay JPEG, drawings and what is transparent become PNG', async () => {
    const repository = await open();
    const cases = [
      [picture(400, 400).jpeg(), 'image/jpeg'],
      [picture(400, 400).webp(), 'image/jpeg'],
      [picture(400, 400).avif({ effort: 0 }), 'image/jpeg'],
      [picture(400, 400).png(), 'image/png'],
      [picture(400, 400).gif(), 'image/png'],
      [picture(400, 400, 4).webp(), 'image/png'],
    ] as const;
    for (const [image, type] of cases) {
      const mediaId = await repository.upload(await bytesOf(image), { type: 'application/octet-stream' });
      const { size, type: made } = await shape(repository.thumbnail(mediaId, 'width=320&height=240&method=scale'));
      expect([size, made]).toEqual(['240x240', type]);
    }
  });

  test('an image no larger than what is asked for is sent as it is', async () => {
    const repository = await open();
    const png = await bytesOf(picture(20, 10).png());
    const mediaId = await repository.upload(png, { type: 'text/html' });
    for (const query of ['width=32&height=32&method=crop', 'width=5000&height=5000&method=scale']) {
      const { bytes, type, headers } = await shape(repository.thumbnail(mediaId, query));
      expect(bytes).toEqual(png);
      // What it is, not what it was said to be.
      expect(type).toBe('image/png');
      expect(headers.get('Content-Disposition')).toStartWith('inline');
    }
    expect(repository.list()).toHaveLength(1);
  });

  test('nothing is ever enlarged', async () => {
    const repository = await open();
    const mediaId = await repository.upload(await bytesOf(picture(50, 500).png()));
    expect((await shape(repository.thumbnail(mediaId, 'width=96&height=96&method=crop'))).size).toBe('50x96');
    expect((await shape(repository.thumbnail(mediaId, 'width=640&height=480&method=scale'))).size).toBe('48x480');
  });

  test('a photo is turned the way its camera was held', async () => {
    const repository = await open();
    const photo = await bytesOf(picture(400, 200).jpeg().withMetadata({ orientation: 6 }));
    const mediaId = await repository.upload(photo);
    const upright = await shape(repository.thumbnail(mediaId, 'width=320&height=240&method=scale'));
    expect([upright.size, upright.orientation]).toEqual(['120x240', undefined]);
    // A quarter turn clockwise: what was left is above.
    expect([await colourAt(upright.bytes, 60, 10), await colourAt(upright.bytes, 60, 230)]).toEqual(['red', 'blue']);
    const small = await repository.upload(await bytesOf(picture(20, 10).jpeg().withMetadata({ orientation: 6 })));
    expect((await shape(repository.thumbnail(small, 'width=32&height=32&method=crop'))).size).toBe('10x20');
  });

  test('motion is kept when asked for, and never otherwise', async () => {
    const repository = await open();
    const query = 'width=32&height=32&method=crop';
    const mediaId = await repository.upload(await bytesOf(animation(100, 80).gif({ delay: [100, 200, 300] })));
    const moving = await shape(repository.thumbnail(mediaId, `${query}&animated=true`));
    expect([moving.type, moving.frames, moving.size]).toEqual(['image/webp', 3, '32x32']);
    expect((await sharp(moving.bytes, { animated: true }).metadata()).delay).toEqual([100, 200, 300]);
    for (const still of [query, `${query}&animated=false`]) {
      const { type, frames } = await shape(repository.thumbnail(mediaId, still));
      expect([type, frames]).toEqual(['image/png', 1]);
    }
    const small = await repository.upload(await bytesOf(animation(20, 10).gif()));
    expect((await shape(repository.thumbnail(small, query))).frames).toBe(1);
    expect((await shape(repository.thumbnail(small, `${query}&animated=true`))).frames).toBe(3);
    const photo = await repository.upload(await bytesOf(picture(100, 100).jpeg()));
    expect((await shape(repository.thumbnail(photo, `${query}&animated=true`))).type).toBe('image/jpeg');
  });

  test('an animation of too many pixels in all stands still', async () => {
    const repository = await open({ config: { maxImagePixels: 20_000 } });
    const mediaId = await repository.upload(await bytesOf(animation(100, 80).gif()));
    const { frames, size } = await shape(repository.thumbnail(mediaId, 'width=32&height=32&method=crop&animated=true'));
    expect([frames, size]).toEqual([1, '32x32']);
  });

  test('an image that claims too many pixels is refused from its header', async () => {
    const repository = await open();
    const mediaId = await repository.upload(await bomb(60_000, 60_000));
    expect(await outcome(repository.thumbnail(mediaId, 'width=32&height=32'))).toBe('413 M_TOO_LARGE');
    const exact = await open({ config: { maxImagePixels: 10_000 } });
    const [fits, exceeds] = [picture(100, 100).png(), picture(101, 100).png()];
    const query = 'width=32&height=32&method=crop';
    expect(await outcome(exact.thumbnail(await exact.upload(await bytesOf(fits)), query))).toBe('200');
    expect(await outcome(exact.thumbnail(await exact.upload(await bytesOf(exceeds)), query))).toBe('413 M_TOO_LARGE');
  });

  test('of what is no image that we decode there is no thumbnail', async () => {
    const repository = await open();
    const png = await bytesOf(picture(300, 300).png({ compressionLevel: 0 }));
    const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="999" height="999"><image href="/etc/passwd"/></svg>';
    for (const body of [
      'text',
      '',
      svg,
      '%PDF-1.4',
      await bytesOf(picture(300, 300).tiff()),
      png.slice(0, 2000),
      await bomb(500, 500),
    ]) {
      const mediaId = await repository.upload(body, { type: 'image/png' });
      expect(await outcome(repository.thumbnail(mediaId, 'width=32&height=32&method=crop'))).toBe('400 M_UNKNOWN');
    }
    expect(repository.list().filter((name) => !name.startsWith('local/'))).toEqual([]);
  });

  test('width and height are needed, and are positive integers', async () => {
    const repository = await open();
    const mediaId = await repository.upload(await bytesOf(picture(100, 100).png()));
    for (const query of [
      '',
      'width=32',
      'width=0&height=32',
      'width=32&height=-1',
      'width=a&height=32',
      'width=1.5&height=1',
    ]) {
      expect(await outcome(repository.thumbnail(mediaId, query))).toMatch(/^400 M_(MISSING|INVALID)_PARAM$/);
    }
  });

  test('a thumbnail asked for by many at once is made once', async () => {
    const repository = await open();
    const mediaId = await repository.upload(await bytesOf(picture(900, 900).png()));
    const query = 'width=96&height=96&method=crop';
    const all = await Promise.all(Array.from({ length: 20 }, () => shape(repository.thumbnail(mediaId, query))));
    expect(new Set(all.map(({ bytes }) => Bun.hash(bytes))).size).toBe(1);
    expect(repository.list().filter((name) => name.startsWith('local_thumbnails/'))).toHaveLength(1);
  });

  test('a thumbnail is kept, and made again when its file is lost', async () => {
    const repository = await open();
    const mediaId = await repository.upload(await bytesOf(picture(900, 900).png()));
    const query = 'width=96&height=96&method=crop';
    const first = await shape(repository.thumbnail(mediaId, query));
    const file = join(repository.folder, repository.list().find((name) => name.startsWith('local_thumbnails/')) ?? '');
    // Bytes of our own in its place show that it is not made anew each time.
    const planted = new Uint8Array(first.bytes.length).fill(1);
    writeFileSync(file, planted);
    expect(new Uint8Array(await (await repository.thumbnail(mediaId, query)).arrayBuffer())).toEqual(planted);
    rmSync(file);
    expect((await shape(repository.thumbnail(mediaId, query))).bytes).toEqual(first.bytes);
  });

  test('a thumbnail has an ETag of its own, known without making it', async () => {
    const repository = await open();
    const mediaId = await repository.upload(await bytesOf(picture(900, 900).png()));
    const small = await repository.thumbnail(mediaId, 'width=32&height=32&method=crop');
    const large = await repository.thumbnail(mediaId, 'width=96&height=96&method=crop');
    const etag = small.headers.get('ETag') ?? '';
    expect(large.headers.get('ETag')).not.toBe(etag);
    const again = await repository.thumbnail(mediaId, 'width=32&height=32&method=crop', {
      headers: { 'If-None-Match': etag },
    });
    expect(again.status).toBe(304);
  });

  test('with dynamic thumbnails the size is the one asked for', async () => {
    const repository = await open({ config: { dynamicThumbnails: true, enableAuthenticatedMedia: false } });
    const mediaId = await repository.upload(await bytesOf(picture(400, 400).png()));
    const path = `/_matrix/media/r0/thumbnail/${SERVER_NAME}/${mediaId}?width=37&height=41&method=crop`;
    expect((await shape(repository.request('GET', path))).size).toBe('37x41');
  });

  test('making thumbnails does not hold up anything else', async () => {
    const repository = await open({ config: { maxUploadSizeBytes: 50_000_000, maxImagePixels: 20_000_000 } });
    const large = await bytesOf(picture(4000, 4000).jpeg());
    const ids = await Promise.all([1, 2, 3].map(() => repository.upload(large)));
    let turns = 0;
    const watch = setInterval(() => turns++, 1);
    await Promise.all(ids.map((id) => shape(repository.thumbnail(id, 'width=640&height=480&method=scale'))));
    clearInterval(watch);
    expect(turns).toBeGreaterThan(20);
  });
});
