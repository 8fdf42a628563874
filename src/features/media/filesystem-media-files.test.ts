import { afterEach, describe, expect, test } from 'bun:test';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualClock } from '#platform/clock/index.ts';
import { seededRandom } from '#platform/random/index.ts';
import { contentKey, type FileKey } from './file-key.ts';
import { FilesystemMediaFiles } from './filesystem-media-files.ts';

describe('media in a folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'myelin-files-'));
  const files = new FilesystemMediaFiles({ folder, random: seededRandom('files'), clock: new VirtualClock() });
  afterEach(() => {
    for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
  });

  test('a file has no name until it is kept', async () => {
    const key = contentKey('local', 'abcdefg');
    const file = await files.begin();
    await file.write(new Uint8Array([1, 2]));
    expect(await files.open(key)).toBeUndefined();
    await file.keep(key);
    const stored = await files.open(key);
    expect(stored?.sizeBytes).toBe(2);
    expect(await new Response(stored?.body(1, 2)).bytes()).toEqual(new Uint8Array([2]));
    expect(await files.withPath(key, async (path) => path)).toBe(join(folder, 'local/ab/cd/efg'));
    await files.remove(key);
    await files.remove(key);
    expect(await files.open(key)).toBeUndefined();
    expect(await files.withPath(key, async (path) => path)).toBeUndefined();
  });

  test('a file that is discarded leaves nothing', async () => {
    const file = await files.begin();
    await file.write(new Uint8Array(10));
    await file.discard();
    expect(readdirSync(join(folder, 'tmp'))).toEqual([]);
  });

  test('no key leads out of the folder', async () => {
    for (const key of ['../x', '/etc/passwd', 'local/../../x', '..', '', 'a\0b'] as FileKey[]) {
      for (const refused of [files.open(key), files.remove(key)]) {
        expect(String(await refused.catch((error: unknown) => error))).toContain('outside the media folder');
      }
    }
  });

  test('no key is made of what is no file id', () => {
    for (const id of ['../../etc', 'ab/cd/ef', 'abcd', '', 'abc\0def', 'ab..cdef']) {
      expect(() => contentKey('local', id)).toThrow('not a file id');
    }
  });
});
