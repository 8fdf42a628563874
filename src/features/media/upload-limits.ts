import type { UploadLimitConfig } from '#platform/config/index.ts';
import { forbidden, MatrixError } from '#protocol/errors.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { MediaStore } from './media-store.ts';

/** How much a user may upload. Uploads of one user are admitted one after the other, so that none slips through beside another. */
export class UploadLimits {
  readonly #queues = new Map<UserId, Promise<unknown>>();

  constructor(
    private readonly store: MediaStore,
    private readonly limits: readonly UploadLimitConfig[],
  ) {}

  /**
   * Calls `write`, which records the upload, unless the upload would exceed a limit: then rejects with 403
   * `M_FORBIDDEN`, or `M_USER_LIMIT_EXCEEDED` where the limit has an address to read about it.
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
    for (const limit of this.limits) {
      const uploaded = await this.store.uploadedBytesSince(userId, nowMs - limit.timePeriodMs);
      if (uploaded + sizeBytes > limit.maxSizeBytes) throw exceeded(limit);
    }
  }
}

/** https://spec.matrix.org/v1.19/client-server-api/#post_matrixmediav3upload */
function exceeded({ infoUri, canUpgrade = false }: UploadLimitConfig): MatrixError {
  const message = 'Media upload limit exceeded';
  if (infoUri === undefined) return forbidden(message);
  return new MatrixError('M_USER_LIMIT_EXCEEDED', message, { fields: { info_uri: infoUri, can_upgrade: canUpgrade } });
}
