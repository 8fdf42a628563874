import { BatchConflict, type Transactor } from '#platform/storage/index.ts';
import { invalidParam, MatrixError, notFound } from '#protocol/errors.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { Backup, KeyBackupStore, Place } from './key-backup-store.ts';

const VERSION = /^[1-9][0-9]{0,14}$/;
/** Keys deleted in one write, so that a large backup does not keep others waiting. */
export const DELETED_AT_ONCE = 2_000;

/** Makes, finds, changes and deletes a user's backups. */
export class BackupVersions {
  constructor(
    private readonly store: KeyBackupStore,
    private readonly transactor: Transactor,
  ) {}

  async create(userId: UserId, algorithm: string, authData: JsonObject): Promise<string> {
    for (;;) {
      try {
        const created = await this.transactor.commit((batch) =>
          batch.add(this.store.create(userId, algorithm, authData), 1),
        );
        return String(created.rows[0]?.version);
      } catch (error) {
        // Another process has taken the version.
        if (!(error instanceof BatchConflict)) throw error;
      }
    }
  }

  /** @throws MatrixError `M_NOT_FOUND` */
  async current(userId: UserId): Promise<Backup> {
    const backup = await this.store.current(userId);
    if (backup === undefined) throw notFound('No current backup version');
    return backup;
  }

  /** @throws MatrixError `M_NOT_FOUND` for a version that never was, or has been deleted. */
  async find(userId: UserId, version: string): Promise<Backup> {
    const backup = await this.#find(userId, version);
    if (backup === undefined || backup.isDeleted) throw notFound('Unknown backup version');
    return backup;
  }

  /**
   * The backup `version`, which must be the newest.
   * @throws MatrixError `M_NOT_FOUND`; `M_WRONG_ROOM_KEYS_VERSION` with `current_version`.
   */
  async findWritable(userId: UserId, version: string): Promise<Backup> {
    const [backup, current] = await Promise.all([this.find(userId, version), this.current(userId)]);
    if (backup.version === current.version) return backup;
    throw new MatrixError('M_WRONG_ROOM_KEYS_VERSION', 'Wrong backup version.', {
      fields: { current_version: String(current.version) },
    });
  }

  /** @throws MatrixError `M_INVALID_PARAM` for another algorithm, or another version in the body. */
  async update(
    userId: UserId,
    version: string,
    change: { readonly algorithm: string; readonly auth_data: JsonObject; readonly version?: string | undefined },
  ): Promise<void> {
    if (change.version !== undefined && change.version !== version) {
      throw invalidParam('The version in the body is not that of the path');
    }
    const backup = await this.find(userId, version);
    if (change.algorithm !== backup.algorithm) throw invalidParam('Algorithm does not match');
    await this.transactor.commit((batch) => batch.add(this.store.setAuthData(userId, backup, change.auth_data)));
  }

  /** Deletes a backup; one that has been deleted before is no error. @throws MatrixError `M_NOT_FOUND` */
  async delete(userId: UserId, version: string): Promise<void> {
    const backup = await this.#find(userId, version);
    if (backup === undefined) throw notFound('Unknown backup version');
    // From here on nobody sees its keys: that they go in several writes is no matter, and a repeated call ends what a crash left.
    await this.transactor.commit((batch) => batch.add(this.store.markDeleted(userId, backup.version)));
    let upTo: Place | undefined;
    do {
      upTo = await this.store.placeAfter(userId, backup.version, {}, DELETED_AT_ONCE - 1);
      await this.transactor.commit((batch) => batch.add(this.store.remove(userId, backup.version, {}, upTo)));
    } while (upTo !== undefined);
  }

  async #find(userId: UserId, version: string): Promise<Backup | undefined> {
    return VERSION.test(version) ? this.store.find(userId, Number(version)) : undefined;
  }
}
