import type { Clock } from '#platform/clock/index.ts';
import type { Transactor } from '#platform/storage/ports.ts';
import type { MediaStore } from './media-store.ts';

const IDS_A_STATEMENT = 500;

/** When media were last asked for, to the minute: collected in memory, so that a download writes nothing. */
export class AccessTimes {
  #accessed = new Set<string>();

  constructor(
    private readonly store: MediaStore,
    private readonly transactor: Transactor,
    private readonly clock: Clock,
  ) {}

  record(mediaId: string): void {
    this.#accessed.add(mediaId);
  }

  async flush(): Promise<void> {
    if (this.#accessed.size === 0) return;
    const ids = [...this.#accessed];
    this.#accessed = new Set();
    await this.transactor.commit((batch) => {
      for (let at = 0; at < ids.length; at += IDS_A_STATEMENT) {
        batch.add(this.store.touch(ids.slice(at, at + IDS_A_STATEMENT), this.clock.now()));
      }
    });
  }
}
