import { MatrixError } from '#protocol/errors.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { MediaStore } from './media-store.ts';

/** At most `maxSizeBytes` a user within any `timePeriodMs`. */
export interface UploadLimit {
  readonly timePeriodMs: number;
  readonly maxSizeBytes: number;
}

/** How much a user may upload. Uploads of one user are admitted one after the other, so that none slips through beside another. */
export class UploadLimits {
  readonly #queues = new Map<UserId, Promise<unknown>>();

  constructor(
    private readonly store: MediaStore,
    private readonly limits: readonly UploadLimit[],
  ) {}

  /**
   * Calls `write`, which records the upload, unless the upload would exceed a limit: then rejects with 403
   * `M_RESOURCE_LIMIT_EXCEEDED`.
   */
  async admit<T>(userId: UserId, sizeBytes: number, nowMs: number, write: () => Promise<T>): Promise<T> {
    if (this.limits.length === 0) return write();
    const before = this.#queues.get(userId);
    const turn = (async () => {
      await before?.catch(() => undefined);
      await this.#check(userId, sizeBytes, nowMs);
      return write();
    })();
    this.#queues.set(userId, turn);
    try {
      return await turn;
    } finally {
      if (this.#queues.get(userId) === turn) this.#queues.delete(userId);
    }
  }

  async #check(userId: UserId, sizeBytes: number, nowMs: number): Promise<void> {
    for (const { timePeriodMs, maxSizeBytes } of this.limits) {
      const uploaded = await this.store.uploadedBytesSince(userId, nowMs - timePeriodMs);
      if (uploaded + sizeBytes > maxSizeBytes) {
        throw new MatrixError('M_RESOURCE_LIMIT_EXCEEDED', 'Media upload limit exceeded');
      }
    }
  }
}
