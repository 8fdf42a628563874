/** What the media repository needs of the world: a place for bytes, other servers' media, and which media are in use. */
import type { ServerName } from '#protocol/identifiers/index.ts';
import type { FileKey } from './file-key.ts';
import type { MediaContent } from './media-content.ts';

/** Where the bytes are kept: a folder, or an object store. Files are immutable once they have their name. */
export interface MediaFiles {
  /** Begins a file that has no name yet. */
  begin(): Promise<IncomingFile>;
  /** `undefined` when there is no such file. */
  open(key: FileKey): Promise<StoredFile | undefined>;
  /** Calls `use` with the path of a local copy, which may be gone once `use` has settled. `undefined` when there is no such file. */
  withPath<T>(key: FileKey, use: (path: string) => Promise<T>): Promise<T | undefined>;
  /** Without effect when there is no such file. */
  remove(key: FileKey): Promise<void>;
  /** Removes files that were begun long ago and never got a name: what a crash leaves behind. */
  sweep(): Promise<void>;
}

/** A file being written. Exactly one of `keep` and `discard` ends it. */
export interface IncomingFile {
  write(bytes: Uint8Array): Promise<void>;
  /** Gives it its name; durable when this resolves. */
  keep(key: FileKey): Promise<void>;
  discard(): Promise<void>;
}

export interface StoredFile {
  readonly sizeBytes: number;
  /** The bytes from `start` up to, not including, `end`. */
  body(start: number, end: number): Blob | ReadableStream<Uint8Array>;
}

export interface RemoteMediaRequest {
  readonly serverName: ServerName;
  readonly mediaId: string;
  /** Whether to ask the other server; otherwise only what is cached may be answered, and only what legacy endpoints may serve. */
  readonly mayFetch: boolean;
  /** Whether the endpoint is an authenticated one. */
  readonly authenticated: boolean;
  readonly bypassQuarantine: boolean;
  readonly timeoutMs: number;
  /** Who downloads, for the bucket of bytes. */
  readonly ip: string;
  readonly signal: AbortSignal;
}

/** Media of other servers. */
export interface RemoteMedia {
  /** Rejects with 404 `M_NOT_FOUND`, 502 `M_TOO_LARGE`, 504 `M_NOT_YET_UPLOADED`, 429 `M_LIMIT_EXCEEDED`. */
  find(request: RemoteMediaRequest): Promise<MediaContent>;
}

/** Which of the `mxc:` URIs are avatars of users or rooms: those are kept when old media are deleted. */
export type AvatarsInUse = (uris: readonly string[]) => Promise<ReadonlySet<string>>;
