import { openAsBlob } from 'node:fs';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import type { Clock } from '#platform/clock/index.ts';
import type { Random } from '#platform/random/index.ts';
import type { FileKey } from './file-key.ts';
import type { IncomingFile, MediaFiles, StoredFile } from './ports.ts';

/** No upload takes this long. */
const ABANDONED_MS = 24 * 3_600_000;

interface FilesystemMediaFilesDeps {
  /** Absolute path; made when first needed. */
  readonly folder: string;
  readonly random: Random;
  readonly clock: Clock;
}

/** Media in a folder. A file is written under `tmp/`, synced, and then renamed: under its name it is always whole. */
export class FilesystemMediaFiles implements MediaFiles {
  readonly #folder: string;
  readonly #temporary: string;

  constructor(private readonly deps: FilesystemMediaFilesDeps) {
    this.#folder = resolve(deps.folder);
    this.#temporary = join(this.#folder, 'tmp');
  }

  async begin(): Promise<IncomingFile> {
    await mkdir(this.#temporary, { recursive: true });
    const path = join(this.#temporary, this.deps.random.text(32));
    const handle = await open(path, 'wx', 0o640);
    return new TemporaryFile(path, handle, (key) => this.#path(key));
  }

  async open(key: FileKey): Promise<StoredFile | undefined> {
    const path = this.#path(key);
    const found = await absentAsUndefined(stat(path));
    if (found === undefined || !found.isFile()) return undefined;
    // A blob of a file is read only when it is sent, without passing through this process's memory as a whole.
    const blob = await openAsBlob(path);
    return { sizeBytes: found.size, body: (start, end) => blob.slice(start, end) };
  }

  async withPath<T>(key: FileKey, use: (path: string) => Promise<T>): Promise<T | undefined> {
    const path = this.#path(key);
    return (await absentAsUndefined(stat(path))) === undefined ? undefined : use(path);
  }

  async remove(key: FileKey): Promise<void> {
    await rm(this.#path(key), { force: true });
  }

  async sweep(): Promise<void> {
    const names = (await absentAsUndefined(readdir(this.#temporary))) ?? [];
    for (const name of names) {
      const path = join(this.#temporary, name);
      const found = await absentAsUndefined(stat(path));
      if (found !== undefined && found.mtimeMs < this.deps.clock.now() - ABANDONED_MS) await rm(path, { force: true });
    }
  }

  /** The only way from a key to a path: whatever a key says, the path stays inside the folder. */
  #path(key: FileKey): string {
    const path = resolve(this.#folder, key);
    if (!path.startsWith(this.#folder + sep) || key.includes('\0')) {
      throw new Error(`outside the media folder: ${JSON.stringify(key)}`);
    }
    return path;
  }
}

class TemporaryFile implements IncomingFile {
  constructor(
    private readonly path: string,
    private readonly handle: FileHandle,
    private readonly pathOf: (key: FileKey) => string,
  ) {}

  async write(bytes: Uint8Array): Promise<void> {
    let written = 0;
    while (written < bytes.length) {
      written += (await this.handle.write(bytes, written, bytes.length - written)).bytesWritten;
    }
  }

  async keep(key: FileKey): Promise<void> {
    const path = this.pathOf(key);
    await this.handle.sync();
    await this.handle.close();
    const folder = dirname(path);
    const firstMade = await mkdir(folder, { recursive: true });
    await rename(this.path, path);
    await syncFolders(folder, firstMade === undefined ? folder : dirname(firstMade));
  }

  async discard(): Promise<void> {
    // Closed already when `keep` failed half-way.
    await this.handle.close().catch(() => undefined);
    await rm(this.path, { force: true });
  }
}

/** Makes the names in `folder` durable, and those of the folders above it up to `top`. */
async function syncFolders(folder: string, top: string): Promise<void> {
  for (let path = folder; ; path = dirname(path)) {
    const handle = await open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (path === top || path === dirname(path)) return;
  }
}

async function absentAsUndefined<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
