import { type Batch, BatchConflict, type Transactor } from '#platform/storage/index.ts';
import { MatrixError, notFound } from '#protocol/errors.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import { type BackupVersions, DELETED_AT_ONCE } from './backup-versions.ts';
import type { Backup, KeyBackupStore, Scope } from './key-backup-store.ts';
import { isBetter, type SessionKey } from './session-key.ts';

/** https://spec.matrix.org/v1.19/client-server-api/#put_matrixclientv3room_keyskeys */
export interface BackupState {
  readonly etag: string;
  readonly count: number;
}

/** Other devices of the user write at the same time; more of them in a row than this, and the client may try again. */
const ATTEMPTS = 32;

/** Writes and deletes keys of a user's backup. */
export class BackupKeys {
  constructor(
    private readonly store: KeyBackupStore,
    private readonly versions: BackupVersions,
    private readonly transactor: Transactor,
  ) {}

  /** Adds keys, or puts them in place of worse ones. */
  async put(userId: UserId, version: string, keys: readonly SessionKey[]): Promise<BackupState> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const backup = await this.versions.findWritable(userId, version);
      const known = await this.#known(userId, backup.version, keys);
      const better = keys.filter((key) => {
        const old = known.get(placeOf(key));
        return old === undefined || isBetter(key, old);
      });
      if (better.length === 0) return toState(backup, 0);
      const added = better.filter((key) => !known.has(placeOf(key))).length;
      const written = await this.#tryWrite(userId, backup, added, (batch) => {
        batch.add(this.store.isNewest(userId, backup.version), 1);
        for (const statement of this.store.put(userId, backup.version, better)) batch.add(statement);
      });
      if (written !== undefined) return written;
    }
    throw busy();
  }

  /** Deletes all keys, those of a room, or one. */
  async remove(userId: UserId, version: string, scope: Scope): Promise<BackupState> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const backup = await this.versions.find(userId, version);
      const count = await this.store.count(userId, backup.version, scope);
      if (count === 0) return toState(backup, 0);
      const some = Math.min(count, DELETED_AT_ONCE);
      const upTo = await this.store.placeAfter(userId, backup.version, scope, some - 1);
      if (upTo === undefined) continue;
      const written = await this.#tryWrite(userId, backup, -some, (batch) => {
        batch.add(this.store.remove(userId, backup.version, scope, upTo), some);
      });
      if (written === undefined) continue;
      if (some === count) return written;
      // More is left: that was no failed attempt.
      attempt = -1;
    }
    throw busy();
  }

  /** @throws MatrixError `M_NOT_FOUND` */
  async session(userId: UserId, version: string, roomId: string, sessionId: string): Promise<SessionKey> {
    const backup = await this.versions.find(userId, version);
    const key = await this.store.session(userId, backup.version, roomId, sessionId);
    if (key === undefined) throw notFound('Key not found.');
    return key;
  }

  /** What is stored in the places of `keys`. */
  async #known(userId: UserId, version: number, keys: readonly SessionKey[]): Promise<Map<string, SessionKey>> {
    const byRoom = new Map<string, string[]>();
    for (const { roomId, sessionId } of keys) {
      const sessions = byRoom.get(roomId);
      if (sessions === undefined) byRoom.set(roomId, [sessionId]);
      else sessions.push(sessionId);
    }
    const known = await Promise.all(
      [...byRoom].map(([roomId, sessionIds]) => this.store.sessionsOf(userId, version, roomId, sessionIds)),
    );
    return new Map(known.flat().map((key) => [placeOf(key), key]));
  }

  /** Writes if the backup is still as it was read; `undefined` if it is not. */
  async #tryWrite(
    userId: UserId,
    backup: Backup,
    addedKeys: number,
    build: (batch: Batch) => void,
  ): Promise<BackupState | undefined> {
    try {
      await this.transactor.commit((batch) => {
        batch.add(this.store.recordChange(userId, backup, addedKeys), 1);
        build(batch);
      });
      return toState({ ...backup, etag: backup.etag + 1 }, addedKeys);
    } catch (error) {
      if (error instanceof BatchConflict) return undefined;
      throw error;
    }
  }
}

function placeOf({ roomId, sessionId }: Pick<SessionKey, 'roomId' | 'sessionId'>): string {
  return `${roomId}\0${sessionId}`;
}

function toState({ etag, keyCount }: Backup, addedKeys: number): BackupState {
  return { etag: String(etag), count: keyCount + addedKeys };
}

function busy(): MatrixError {
  return new MatrixError('M_LIMIT_EXCEEDED', 'The backup is being written by other devices', {
    fields: { retry_after_ms: 1000 },
  });
}
