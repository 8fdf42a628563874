import { join } from 'node:path';
import type { Reader } from '../reader.ts';
import type { RateLimitSettings } from './rate-limits.ts';

export interface ThumbnailSize {
  readonly width: number;
  readonly height: number;
  readonly method: 'crop' | 'scale';
}

/** At most `maxSizeBytes` a user within any `timePeriodMs`. */
export interface UploadLimitConfig {
  readonly timePeriodMs: number;
  readonly maxSizeBytes: number;
  /** Where users read about the limit. */
  readonly infoUri?: string | undefined;
  /** Whether they can have it raised. */
  readonly canUpgrade?: boolean;
}

export interface MediaConfig {
  readonly enabled: boolean;
  readonly enableAuthenticatedMedia: boolean;
  /** Absolute folder. */
  readonly storePath: string;
  readonly maxUploadSizeBytes: number;
  readonly maxImagePixels: number;
  readonly thumbnailSizes: readonly ThumbnailSize[];
  readonly dynamicThumbnails: boolean;
  readonly maxPendingUploads: number;
  readonly unusedExpirationMs: number;
  readonly uploadLimits: readonly UploadLimitConfig[];
  /** Bytes, not requests: a bucket of `burstCount` bytes refilled by `perSecond` bytes. */
  readonly remoteDownload: RateLimitSettings;
  readonly preventDownloadsFrom: readonly string[];
  readonly localMediaLifetimeMs: number | undefined;
  readonly remoteMediaLifetimeMs: number | undefined;
  readonly urlPreview: UrlPreviewConfig;
}

export interface UrlPreviewConfig {
  readonly enabled: boolean;
  readonly ipRangeBlocklist: readonly string[];
  readonly ipRangeAllowlist: readonly string[];
  /** Each entry: regular expressions or globs by part of the URL (`scheme`, `netloc`, `path`, ...), all of which match. */
  readonly urlBlocklist: readonly Readonly<Record<string, string>>[];
  readonly maxSpiderSizeBytes: number;
  readonly acceptLanguage: readonly string[];
}

const MEBIBYTE = 1024 ** 2;
const DAY_MS = 86_400_000;

const THUMBNAIL_SIZES: readonly ThumbnailSize[] = [
  { width: 32, height: 32, method: 'crop' },
  { width: 96, height: 96, method: 'crop' },
  { width: 320, height: 240, method: 'scale' },
  { width: 640, height: 480, method: 'scale' },
  { width: 800, height: 600, method: 'scale' },
];

export function readMedia(reader: Reader, dataDir: string, privateRanges: readonly string[]): MediaConfig {
  const retention = reader.section('media_retention');
  return {
    enabled: reader.boolean('enable_media_repo', true),
    enableAuthenticatedMedia: reader.boolean('enable_authenticated_media', true),
    storePath: reader.path('media_store_path', join(dataDir, 'media_store')),
    maxUploadSizeBytes: reader.size('max_upload_size', 50 * MEBIBYTE),
    maxImagePixels: reader.size('max_image_pixels', 32 * MEBIBYTE),
    thumbnailSizes: readThumbnailSizes(reader),
    dynamicThumbnails: reader.boolean('dynamic_thumbnails', false),
    maxPendingUploads: reader.integer('max_pending_media_uploads', 5),
    unusedExpirationMs: reader.duration('unused_expiration_time', DAY_MS),
    uploadLimits: reader.sections('media_upload_limits').map((limit) => ({
      timePeriodMs: limit.duration('time_period', DAY_MS),
      maxSizeBytes: limit.size('max_size', 0),
      infoUri: limit.optionalString('info_uri'),
      canUpgrade: limit.boolean('can_upgrade', false),
    })),
    remoteDownload: {
      perSecond: reader.size('remote_media_download_per_second', 87 * 1024),
      burstCount: reader.size('remote_media_download_burst_count', 500 * MEBIBYTE),
    },
    preventDownloadsFrom: reader.strings('prevent_media_downloads_from'),
    localMediaLifetimeMs: retention.optionalDuration('local_media_lifetime'),
    remoteMediaLifetimeMs: retention.optionalDuration('remote_media_lifetime'),
    urlPreview: readUrlPreview(reader, privateRanges),
  };
}

function readThumbnailSizes(reader: Reader): readonly ThumbnailSize[] {
  if (!reader.has('thumbnail_sizes')) return THUMBNAIL_SIZES;
  return reader.sections('thumbnail_sizes').map((size) => ({
    width: size.integer('width', 32, { min: 1, max: 4096 }),
    height: size.integer('height', 32, { min: 1, max: 4096 }),
    method: size.choice('method', ['crop', 'scale'], 'scale'),
  }));
}

function readUrlPreview(reader: Reader, privateRanges: readonly string[]): UrlPreviewConfig {
  return {
    enabled: reader.boolean('url_preview_enabled', false),
    ipRangeBlocklist: reader.strings(
      'url_preview_ip_range_blocklist',
      reader.strings('url_preview_ip_range_blacklist', privateRanges),
    ),
    ipRangeAllowlist: reader.strings(
      'url_preview_ip_range_allowlist',
      reader.strings('url_preview_ip_range_whitelist'),
    ),
    urlBlocklist: reader
      .sections(reader.has('url_preview_url_blocklist') ? 'url_preview_url_blocklist' : 'url_preview_url_blacklist')
      .map((entry) => Object.fromEntries(Object.keys(entry.values).map((part) => [part, entry.string(part, '')]))),
    maxSpiderSizeBytes: reader.size('max_spider_size', 10 * MEBIBYTE),
    acceptLanguage: reader.strings('url_preview_accept_language', ['en']),
  };
}
