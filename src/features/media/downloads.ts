import type { RequestInfo } from '#api/endpoint.ts';
import type { Log } from '#platform/log/index.ts';
import { invalidParam } from '#protocol/errors.ts';
import { contentKey } from './file-key.ts';
import { checkedFileName } from './file-name.ts';
import type { MediaContent } from './media-content.ts';
import type { MediaFinder } from './media-finder.ts';
import type { MediaFiles } from './ports.ts';
import { type NamedFile, serveFile } from './serve-file.ts';
import { targetName } from './thumbnail-size.ts';
import type { Thumbnails } from './thumbnails.ts';

/** A request for content, as its path and query put it. */
export interface ContentRequest {
  readonly serverName: string;
  readonly mediaId: string;
  readonly timeout_ms?: number;
  readonly authenticated: boolean;
  readonly allowRemote: boolean;
  readonly request: RequestInfo;
}

export interface DownloadRequest extends ContentRequest {
  /** In place of the name that the content was uploaded with. */
  readonly fileName?: string;
  readonly bypassQuarantine: boolean;
}

export interface ThumbnailRequest extends ContentRequest {
  readonly width: number;
  readonly height: number;
  /** `crop`, or anything else for `scale`. */
  readonly method?: string;
  readonly animated?: boolean;
}

interface DownloadsDeps {
  readonly finder: MediaFinder;
  readonly thumbnails: Thumbnails;
  readonly files: MediaFiles;
  readonly log: Log;
}

/** Sends content and thumbnails to clients. */
export class Downloads {
  constructor(private readonly deps: DownloadsDeps) {}

  async content(download: DownloadRequest): Promise<Response> {
    const { request, fileName } = download;
    const name = checkedFileName(fileName);
    const content = await this.#find(download, download.bypassQuarantine);
    const open = () => this.#open(content, name ?? content.uploadName);
    return serveFile({ request, etag: `"${content.sha256}"`, open });
  }

  async thumbnail(wanted: ThumbnailRequest): Promise<Response> {
    const { thumbnails } = this.deps;
    const { request, width, height, animated = false } = wanted;
    if (width < 1 || height < 1) throw invalidParam('width and height must be positive');
    const target = thumbnails.target({ width, height, method: wanted.method === 'crop' ? 'crop' : 'scale', animated });
    const content = await this.#find(wanted, false);
    const open = async () => {
      const made = await thumbnails.of(content, target);
      return { ...made, fileName: made.type.replace('image/', 'thumbnail.') };
    };
    return serveFile({ request, etag: `"${content.sha256}-${targetName(target)}"`, open });
  }

  #find(wanted: ContentRequest, bypassQuarantine: boolean): Promise<MediaContent> {
    const { serverName, mediaId, timeout_ms: timeoutMs, authenticated, allowRemote, request } = wanted;
    const { ip, signal } = request;
    return this.deps.finder.find({
      serverName,
      mediaId,
      timeoutMs,
      authenticated,
      allowRemote,
      bypassQuarantine,
      ip,
      signal,
    });
  }

  /** A file that is shorter than it should be is as good as none. */
  async #open(content: MediaContent, fileName: string | undefined): Promise<NamedFile | undefined> {
    const { area, fileId, type, sizeBytes } = content;
    const file = await this.deps.files.open(contentKey(area, fileId));
    if (file?.sizeBytes === sizeBytes) return { file, type, fileName };
    this.deps.log.error('media.file_missing', { area, file: fileId, sizeBytes, foundBytes: file?.sizeBytes });
    return undefined;
  }
}
