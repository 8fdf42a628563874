import { parseServerName, type ServerName } from '#protocol/identifiers/index.ts';
import { type LocalMediaFinder, noSuchMedia } from './local-media.ts';
import type { MediaContent } from './media-content.ts';
import { isMediaId } from './media-id.ts';
import type { RemoteMedia } from './ports.ts';

const DEFAULT_TIMEOUT_MS = 20_000;
const MAX_TIMEOUT_MS = 60_000;

/** Who asks for which media, as a request puts it. */
export interface MediaRequest {
  readonly serverName: string;
  readonly mediaId: string;
  /** How long the client will wait for content still to be uploaded; bounded here. */
  readonly timeoutMs: number | undefined;
  readonly authenticated: boolean;
  /** Whether another server may be asked. */
  readonly allowRemote: boolean;
  readonly bypassQuarantine: boolean;
  readonly ip: string;
  readonly signal: AbortSignal;
}

interface MediaFinderDeps {
  readonly serverName: ServerName;
  readonly local: LocalMediaFinder;
  readonly remote: RemoteMedia;
  /** Servers whose media nobody gets from here. */
  readonly preventDownloadsFrom: readonly string[];
}

/** Finds the content of an `mxc:` URI, of whichever server. */
export class MediaFinder {
  constructor(private readonly deps: MediaFinderDeps) {}

  /** 404 `M_NOT_FOUND`, 504 `M_NOT_YET_UPLOADED`, and what `RemoteMedia` rejects with. */
  async find(request: MediaRequest): Promise<MediaContent> {
    const { serverName, local, remote, preventDownloadsFrom } = this.deps;
    const { mediaId, authenticated, allowRemote, bypassQuarantine, ip, signal } = request;
    const timeoutMs = Math.min(Math.max(request.timeoutMs ?? DEFAULT_TIMEOUT_MS, 0), MAX_TIMEOUT_MS);
    if (request.serverName === serverName) {
      return local.find({ mediaId, timeoutMs, authenticated, bypassQuarantine, signal });
    }
    const origin = parseServerName(request.serverName);
    if (origin === undefined || !isMediaId(mediaId) || !allowRemote) throw noSuchMedia();
    if (preventDownloadsFrom.includes(origin)) throw noSuchMedia();
    // What the legacy endpoints would fetch now, they would not serve.
    const mayFetch = authenticated;
    return remote.find({
      serverName: origin,
      mediaId,
      mayFetch,
      authenticated,
      bypassQuarantine,
      timeoutMs,
      ip,
      signal,
    });
  }
}

/** For a server that knows no media but its own. */
export const noRemoteMedia: RemoteMedia = {
  find: () => Promise.reject(noSuchMedia()),
};
