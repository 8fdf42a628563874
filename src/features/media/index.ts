/**
 * The media repository: uploads, reserved `mxc:` URIs, downloads, thumbnails, and what administrators do with media
 * (quarantine, deletion, lists). Bytes stand in files behind the `MediaFiles` port, everything else in the database.
 * Not here: other servers' media, which come through the `RemoteMedia` port; URL previews; the admin API's endpoints.
 * https://spec.matrix.org/v1.19/client-server-api/#content-repository
 */
import type { Route } from '#api/endpoint.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { MediaConfig } from '#platform/config/index.ts';
import type { Log } from '#platform/log/index.ts';
import type { Random } from '#platform/random/index.ts';
import type { Storage } from '#platform/storage/index.ts';
import type { ServerName } from '#protocol/identifiers/index.ts';
import { AccessTimes } from './access-times.ts';
import { Arrivals } from './arrivals.ts';
import { Deletion } from './deletion.ts';
import { Downloads } from './downloads.ts';
import { LocalMediaFinder } from './local-media.ts';
import { Maintenance } from './maintenance.ts';
import { MediaFinder } from './media-finder.ts';
import { MediaListStore } from './media-list-store.ts';
import { MediaStore } from './media-store.ts';
import type { AvatarsInUse, MediaFiles, RemoteMedia } from './ports.ts';
import { Quarantine } from './quarantine.ts';
import { QuarantineStore } from './quarantine-store.ts';
import { ThumbnailRenderer } from './render-thumbnail.ts';
import { mediaRoutes } from './routes.ts';
import { ThumbnailStore } from './thumbnail-store.ts';
import { Thumbnails } from './thumbnails.ts';
import { UploadLimits } from './upload-limits.ts';
import { Uploads } from './uploads.ts';

export type { FileKey } from './file-key.ts';
export { FilesystemMediaFiles } from './filesystem-media-files.ts';
export type { LocalMediaRequest } from './local-media.ts';
export type { MediaArea, MediaContent } from './media-content.ts';
export { noRemoteMedia } from './media-finder.ts';
export type { MediaListRequest, OldMediaRequest } from './media-list-store.ts';
export type { LocalMedia } from './media-store.ts';
export type {
  AvatarsInUse,
  IncomingFile,
  MediaFiles,
  RemoteMedia,
  RemoteMediaRequest,
  StoredFile,
} from './ports.ts';
export type { QuarantineChange } from './quarantine-store.ts';
export type { ThumbnailTarget } from './thumbnail-size.ts';
export type { TypedFile } from './thumbnails.ts';
export type { Upload } from './uploads.ts';

export interface MediaFeatureDeps {
  readonly serverName: ServerName;
  readonly config: Omit<
    MediaConfig,
    'enabled' | 'storePath' | 'remoteDownload' | 'remoteMediaLifetimeMs' | 'urlPreview'
  >;
  readonly storage: Pick<Storage, 'reader' | 'transactor' | 'sequences'>;
  readonly files: MediaFiles;
  readonly remoteMedia: RemoteMedia;
  readonly avatarsInUse: AvatarsInUse;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface MediaFeature {
  readonly routes: readonly Route[];
  /** Takes content in, for other slices too (URL previews). */
  readonly uploads: Uploads;
  /** Finds this server's content, as the federation's media endpoints serve it. */
  readonly localMedia: LocalMediaFinder;
  readonly thumbnails: Thumbnails;
  readonly media: MediaStore;
  readonly list: MediaListStore;
  readonly quarantine: Quarantine;
  readonly deletion: Deletion;
  readonly maintenance: Maintenance;
}

export function mediaFeature(deps: MediaFeatureDeps): MediaFeature {
  const { serverName, config, files, remoteMedia, avatarsInUse, clock, random, log } = deps;
  const { reader, transactor, sequences } = deps.storage;
  const { enableAuthenticatedMedia, preventDownloadsFrom } = config;
  const store = new MediaStore(reader);
  const thumbnailStore = new ThumbnailStore(reader);
  const list = new MediaListStore(reader);
  const arrivals = new Arrivals();
  const accessTimes = new AccessTimes(store, transactor, clock);
  const limits = new UploadLimits(store, config.uploadLimits);
  const uploads = new Uploads({ settings: config, store, limits, files, transactor, arrivals, clock, random });
  const local = new LocalMediaFinder({ store, arrivals, accessTimes, clock, enableAuthenticatedMedia });
  const finder = new MediaFinder({ serverName, local, remote: remoteMedia, preventDownloadsFrom });
  const renderer = new ThumbnailRenderer(config.maxImagePixels);
  const thumbnails = new Thumbnails({ settings: config, store: thumbnailStore, files, transactor, renderer });
  const downloads = new Downloads({ finder, thumbnails, files, log });
  const deletion = new Deletion({
    serverName,
    store,
    list,
    thumbnails: thumbnailStore,
    files,
    transactor,
    avatarsInUse,
  });
  const lifetimeMs = config.localMediaLifetimeMs;
  return {
    routes: mediaRoutes({ serverName, maxUploadSizeBytes: config.maxUploadSizeBytes, uploads, downloads }),
    uploads,
    localMedia: local,
    thumbnails,
    media: store,
    list,
    quarantine: new Quarantine({ store: new QuarantineStore(reader), transactor, sequences, clock }),
    deletion,
    maintenance: new Maintenance({ store, transactor, files, accessTimes, deletion, clock, log, lifetimeMs }),
  };
}
