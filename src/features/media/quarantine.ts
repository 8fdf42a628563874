import type { Clock } from '#platform/clock/index.ts';
import type { Sequences, Transactor } from '#platform/storage/ports.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import { noSuchMedia } from './local-media.ts';
import type { QuarantineChange, QuarantineStore } from './quarantine-store.ts';

/** Media a batch: a user may have a great many. */
const IDS_A_BATCH = 100;

interface QuarantineDeps {
  readonly store: QuarantineStore;
  readonly transactor: Transactor;
  readonly sequences: Sequences;
  readonly clock: Clock;
}

/** Takes media out of circulation: nobody gets them any more, whoever uploads the same bytes again. */
export class Quarantine {
  constructor(private readonly deps: QuarantineDeps) {}

  /**
   * Quarantines media of this server and everything with the same hash, protected media aside; answers how many were
   * changed. Unknown media ids are skipped.
   */
  async quarantine(mediaIds: readonly string[], by: UserId): Promise<number> {
    let changed = 0;
    for (let at = 0; at < mediaIds.length; at += IDS_A_BATCH) {
      changed += await this.#quarantineSome(mediaIds.slice(at, at + IDS_A_BATCH), by);
    }
    return changed;
  }

  /** Quarantines all that the user has uploaded; answers how many were changed. */
  async quarantineOfUser(userId: UserId, by: UserId): Promise<number> {
    return this.quarantine(await this.deps.store.quarantinableOf(userId), by);
  }

  /** Undoes a quarantine, of everything with the same hash; answers how many were changed. */
  async release(mediaId: string): Promise<number> {
    const { store, transactor, sequences, clock } = this.deps;
    const released = await transactor.commit((batch) => {
      const { change, hash, media } = store.release(sequences.next('row'), mediaId, clock.now());
      batch.add(change);
      batch.add(hash);
      return batch.add(media);
    });
    return released.rows.length;
  }

  /** Protects media from being quarantined, or no longer does. 404 `M_NOT_FOUND` for unknown media. */
  async protect(mediaId: string, isProtected: boolean): Promise<void> {
    const { store, transactor } = this.deps;
    const changed = await transactor.commit((batch) => batch.add(store.protect(mediaId, isProtected)));
    if (changed.rows.length === 0) throw noSuchMedia();
  }

  /** Whether content of this SHA-256 (hexadecimal) is quarantined. */
  isHashQuarantined(sha256: string): Promise<boolean> {
    return this.deps.store.isHashQuarantined(sha256);
  }

  /** What was quarantined and released after a change, oldest first. */
  changesAfter(changeId: number, limit: number): Promise<QuarantineChange[]> {
    return this.deps.store.changesAfter(changeId, limit);
  }

  async #quarantineSome(mediaIds: readonly string[], by: UserId): Promise<number> {
    const { store, transactor, sequences, clock } = this.deps;
    const results = await transactor.commit((batch) =>
      mediaIds.flatMap((mediaId) => {
        const { change, hash, one, alike } = store.quarantine(sequences.next('row'), mediaId, by, clock.now());
        batch.add(change);
        batch.add(hash);
        return [batch.add(one), batch.add(alike)];
      }),
    );
    return results.reduce((sum, { rows }) => sum + rows.length, 0);
  }
}
