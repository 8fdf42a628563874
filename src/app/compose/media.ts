import type { Route } from '#api/endpoint.ts';
import { FilesystemMediaFiles } from '#features/media/filesystem-media-files.ts';
import { mediaFeature } from '#features/media/index.ts';
import { notFound } from '#protocol/errors.ts';
import type { Platform } from './platform.ts';

export interface MediaSlice {
  readonly routes: readonly Route[];
  /** Starts what is done in the background; disposing of it ends that in good order. */
  start(): AsyncDisposable;
}

/** What users upload, kept in files. */
export function composeMedia({ config, storage, clock, random, log }: Platform): MediaSlice {
  const media = mediaFeature({
    serverName: config.server.serverName,
    config: config.media,
    storage,
    files: new FilesystemMediaFiles({ folder: config.media.storePath, random, clock }),
    remoteMedia: {
      async find() {
        throw notFound('No such media on this server, and it does not talk to others yet');
      },
    },
    avatarsInUse: async () => new Set(),
    clock,
    random,
    log: log.part('media'),
  });
  return { routes: media.routes, start: () => media.maintenance.start() };
}
