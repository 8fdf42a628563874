import { BatchConflict, type Transactor } from '#platform/storage/index.ts';
import { contentKey, type FileKey, thumbnailKey } from './file-key.ts';
import { Gate } from './gate.ts';
import { noSuchMedia } from './local-media.ts';
import type { MediaContent } from './media-content.ts';
import type { MediaFiles, StoredFile } from './ports.ts';
import type { Rendered, ThumbnailRenderer } from './render-thumbnail.ts';
import { type ThumbnailSettings, type ThumbnailTarget, thumbnailTarget } from './thumbnail-size.ts';
import type { StoredThumbnail, ThumbnailStore } from './thumbnail-store.ts';

/** Images decoded at a time: each may take `max_image_pixels` of memory. */
const RENDERED_AT_A_TIME = 2;

/** A file to be served, and what it is. */
export interface TypedFile {
  readonly file: StoredFile;
  readonly type: string;
}

interface ThumbnailsDeps {
  readonly settings: ThumbnailSettings;
  readonly store: ThumbnailStore;
  readonly files: MediaFiles;
  readonly transactor: Transactor;
  readonly renderer: Pick<ThumbnailRenderer, 'render'>;
}

/** Thumbnails, made when first asked for and then kept. */
export class Thumbnails {
  readonly #gate = new Gate(RENDERED_AT_A_TIME);
  readonly #making = new Map<FileKey, Promise<TypedFile>>();

  constructor(private readonly deps: ThumbnailsDeps) {}

  /** What a request for a thumbnail is answered with. */
  target(wanted: ThumbnailTarget): ThumbnailTarget {
    return thumbnailTarget(wanted, this.deps.settings);
  }

  /**
   * The thumbnail for a target, or the content itself where it is no larger. 400 `M_UNKNOWN` and 413 `M_TOO_LARGE` for what
   * no thumbnail can be made of, 404 `M_NOT_FOUND` when the content's file is gone.
   */
  async of(content: MediaContent, target: ThumbnailTarget): Promise<TypedFile> {
    const key = thumbnailKey(content.area, content.fileId, target);
    // Looked for first: one who comes after the making has ended finds the row.
    const making = this.#making.get(key);
    if (making !== undefined) return making;
    const made = (async () => (await this.#kept(content, target, key)) ?? (await this.#make(content, target, key)))();
    this.#making.set(key, made);
    try {
      return await made;
    } finally {
      this.#making.delete(key);
    }
  }

  async #kept(content: MediaContent, target: ThumbnailTarget, key: FileKey): Promise<TypedFile | undefined> {
    const row = await this.deps.store.find(content.fileId, target);
    const file = row === undefined ? undefined : await this.deps.files.open(key);
    return row === undefined || file?.sizeBytes !== row.sizeBytes ? undefined : { file, type: row.type };
  }

  async #make(content: MediaContent, target: ThumbnailTarget, key: FileKey): Promise<TypedFile> {
    const { files, renderer } = this.deps;
    const source = contentKey(content.area, content.fileId);
    const rendered = await this.#gate.run(() => files.withPath(source, (path) => renderer.render(path, target)));
    if (rendered === undefined) throw noSuchMedia();
    if (rendered.kind === 'thumbnail') await this.#keep(content, target, key, rendered);
    const file = await files.open(rendered.kind === 'thumbnail' ? key : source);
    if (file === undefined) throw noSuchMedia();
    return { file, type: rendered.type };
  }

  async #keep(
    content: MediaContent,
    target: ThumbnailTarget,
    key: FileKey,
    { type, bytes }: Extract<Rendered, { kind: 'thumbnail' }>,
  ): Promise<void> {
    const { files, store, transactor } = this.deps;
    const file = await files.begin();
    try {
      await file.write(bytes);
      await file.keep(key);
      const thumbnail: StoredThumbnail = { target, type, sizeBytes: bytes.length };
      await transactor.commit((batch) => batch.add(store.upsert(content.area, content.fileId, thumbnail), 1));
    } catch (error) {
      await file.discard();
      if (!(error instanceof BatchConflict)) throw error;
      await files.remove(key);
      throw noSuchMedia();
    }
  }
}
