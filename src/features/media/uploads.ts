import type { Clock } from '#platform/clock/index.ts';
import type { Random } from '#platform/random/index.ts';
import { type Batch, BatchConflict, type Transactor } from '#platform/storage/index.ts';
import { forbidden, MatrixError, notFound } from '#protocol/errors.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { Arrivals } from './arrivals.ts';
import { contentKey } from './file-key.ts';
import { newMediaId } from './media-id.ts';
import type { LocalMedia, MediaStore, UploadedContent } from './media-store.ts';
import type { MediaFiles } from './ports.ts';
import { receiveUpload, type UploadBody } from './receive-upload.ts';
import type { UploadLimits } from './upload-limits.ts';

export interface UploadSettings {
  readonly maxUploadSizeBytes: number;
  /** Whether what is uploaded now is served by the authenticated endpoints only. */
  readonly enableAuthenticatedMedia: boolean;
  readonly maxPendingUploads: number;
  readonly unusedExpirationMs: number;
}

export interface Upload extends UploadBody {
  readonly userId: UserId;
  readonly type: string;
  readonly fileName: string | undefined;
}

interface UploadsDeps {
  readonly settings: UploadSettings;
  readonly store: MediaStore;
  readonly limits: UploadLimits;
  readonly files: MediaFiles;
  readonly transactor: Transactor;
  readonly arrivals: Arrivals;
  readonly clock: Clock;
  readonly random: Random;
}

/** Takes content in. The file is durable before its row is, so a row never names a file that is not whole. */
export class Uploads {
  constructor(private readonly deps: UploadsDeps) {}

  /** Uploads new content; answers its media id. 413 `M_TOO_LARGE`, 403 `M_FORBIDDEN` or `M_USER_LIMIT_EXCEEDED`. */
  async upload(upload: Upload): Promise<string> {
    const { store, clock, random, settings } = this.deps;
    const mediaId = newMediaId(random);
    await this.#take(upload, mediaId, (batch, content) => {
      const authenticated = settings.enableAuthenticatedMedia;
      const media = { mediaId, fileId: mediaId, userId: upload.userId, createdMs: clock.now(), authenticated };
      batch.add(store.insert(media, content), 1);
    });
    return mediaId;
  }

  /** Reserves a media id for the user to upload to before it lapses. 429 `M_LIMIT_EXCEEDED` with too many of them. */
  async reserve(userId: UserId): Promise<{ readonly mediaId: string; readonly expiresMs: number }> {
    const { store, clock, random, settings, transactor } = this.deps;
    const mediaId = newMediaId(random);
    const createdMs = clock.now();
    const expiresMs = createdMs + settings.unusedExpirationMs;
    const authenticated = settings.enableAuthenticatedMedia;
    const media = { mediaId, fileId: mediaId, userId, createdMs, expiresMs, authenticated };
    try {
      await transactor.commit((batch) => batch.add(store.reserve(media, settings.maxPendingUploads), 1));
    } catch (error) {
      if (error instanceof BatchConflict) throw await this.#tooManyPending(userId, createdMs);
      throw error;
    }
    return { mediaId, expiresMs };
  }

  /**
   * Uploads to a reserved media id. 404 `M_NOT_FOUND` when there is none or it has lapsed, 403 `M_FORBIDDEN` when it is
   * another user's, 409 `M_CANNOT_OVERWRITE_MEDIA` when it has content: before the body is read, and again when it has been.
   */
  async uploadTo(mediaId: string, upload: Upload): Promise<void> {
    const { store, clock, random, arrivals } = this.deps;
    try {
      await this.#checkReserved(mediaId, upload.userId);
    } catch (error) {
      await upload.stream?.cancel();
      throw error;
    }
    const fileId = newMediaId(random);
    try {
      await this.#take(upload, fileId, (batch, content) => {
        batch.add(store.fulfil(mediaId, upload.userId, fileId, content, clock.now()), 1);
      });
    } catch (error) {
      if (!(error instanceof BatchConflict)) throw error;
      await this.#checkReserved(mediaId, upload.userId);
      throw error;
    }
    arrivals.announce(mediaId);
  }

  async #take(upload: Upload, fileId: string, record: (batch: Batch, content: UploadedContent) => void): Promise<void> {
    const { files, settings, limits, transactor, clock } = this.deps;
    const { file, sizeBytes, sha256 } = await receiveUpload(files, upload, settings.maxUploadSizeBytes);
    const content = { type: upload.type, sizeBytes, uploadName: upload.fileName, sha256 };
    const key = contentKey('local', fileId);
    try {
      await limits.admit(upload.userId, sizeBytes, clock.now(), async () => {
        await file.keep(key);
        await transactor.commit((batch) => record(batch, content));
      });
    } catch (error) {
      await file.discard();
      // Any other failure of a commit may have come after it was durable: better a file without a row than the reverse.
      if (error instanceof BatchConflict) await files.remove(key);
      throw error;
    }
  }

  async #checkReserved(mediaId: string, userId: UserId): Promise<LocalMedia> {
    const media = await this.deps.store.find(mediaId);
    if (media === undefined) throw notFound('Unknown media ID');
    if (media.userId !== userId) throw forbidden('Only the creator of the media ID can upload to it');
    if (media.content !== undefined) {
      throw new MatrixError('M_CANNOT_OVERWRITE_MEDIA', 'Media ID already has content');
    }
    if ((media.expiresMs ?? 0) <= this.deps.clock.now()) throw notFound('Media ID has expired');
    return media;
  }

  async #tooManyPending(userId: UserId, nowMs: number): Promise<MatrixError> {
    const expiry = (await this.deps.store.firstPendingExpiry(userId, nowMs)) ?? nowMs;
    const retryAfterMs = Math.max(0, expiry - nowMs);
    return new MatrixError('M_LIMIT_EXCEEDED', 'Too many media IDs without content', {
      fields: { retry_after_ms: retryAfterMs },
      headers: { 'Retry-After': String(Math.ceil(retryAfterMs / 1000)) },
    });
  }
}
