import type { Transactor } from '#platform/storage/ports.ts';
import type { ServerName } from '#protocol/identifiers/index.ts';
import { contentKey, thumbnailKey } from './file-key.ts';
import { mxcUri } from './media-id.ts';
import type { MediaListStore, OldMediaRequest } from './media-list-store.ts';
import type { LocalMedia, MediaStore } from './media-store.ts';
import type { AvatarsInUse, MediaFiles } from './ports.ts';
import { type ThumbnailStore, toThumbnail } from './thumbnail-store.ts';

const IDS_A_PAGE = 500;

interface DeletionDeps {
  readonly serverName: ServerName;
  readonly store: MediaStore;
  readonly list: MediaListStore;
  readonly thumbnails: ThumbnailStore;
  readonly files: MediaFiles;
  readonly transactor: Transactor;
  readonly avatarsInUse: AvatarsInUse;
}

/** Deletes media for good. */
export class Deletion {
  constructor(private readonly deps: DeletionDeps) {}

  /** Deletes media of this server; answers the ids of those that there were. */
  async delete(mediaIds: readonly string[]): Promise<string[]> {
    const deleted: string[] = [];
    for (const mediaId of mediaIds) {
      const media = await this.deps.store.find(mediaId);
      if (media === undefined) continue;
      await this.#deleteOne(media);
      deleted.push(mediaId);
    }
    return deleted;
  }

  /**
   * Deletes what nobody has asked for in a long time, but nothing that is quarantined or protected, and with `keepAvatars`
   * no avatar of a user or a room. Answers the ids.
   */
  async deleteOld(request: OldMediaRequest & { readonly keepAvatars: boolean }): Promise<string[]> {
    const { list, avatarsInUse, serverName } = this.deps;
    const deleted: string[] = [];
    let after = '';
    for (;;) {
      const ids = await list.old(request, after, IDS_A_PAGE);
      const uris = ids.map((id) => mxcUri(serverName, id));
      const kept = request.keepAvatars && ids.length > 0 ? await avatarsInUse(uris) : new Set<string>();
      deleted.push(...(await this.delete(ids.filter((_, index) => !kept.has(uris[index] ?? '')))));
      const last = ids.at(-1);
      if (last === undefined || ids.length < IDS_A_PAGE) return deleted;
      after = last;
    }
  }

  /** The file first: should this break off, the row is still there to try again with. */
  async #deleteOne({ mediaId, fileId }: LocalMedia): Promise<void> {
    const { store, thumbnails, files, transactor } = this.deps;
    for (const { target } of await thumbnails.ofFile(fileId)) await files.remove(thumbnailKey('local', fileId, target));
    await files.remove(contentKey('local', fileId));
    const removed = await transactor.commit((batch) => {
      batch.add(store.remove(mediaId));
      return batch.add(thumbnails.removeOfFile(fileId));
    });
    // One may have been made meanwhile.
    for (const { target } of removed.rows.map(toThumbnail)) await files.remove(thumbnailKey('local', fileId, target));
  }
}
