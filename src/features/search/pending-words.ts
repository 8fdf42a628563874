import type { Clock } from '#platform/clock/index.ts';
import type { Transactor } from '#platform/storage/ports.ts';
import type { JsonObject } from '#protocol/json.ts';
import { Pacer } from '#rooms/index.ts';
import type { IndexedEvent, PendingEvent, SearchStore } from './search-store.ts';
import { searchableTextOf } from './searchable-text.ts';
import { wordsOf } from './words.ts';

/** Events whose words go into the index at once: few enough not to keep other readers and writers waiting. */
const PORTION = 500;
/** What a search waits for at most: where more is pending, the older of it is found once the job has come to it. */
const PORTIONS_OF_A_SEARCH = 4;
/** Between portions of the job, for everybody else. */
const PAUSE_MS = 10;

/**
 * Brings the index of words up to date. The job goes on from the oldest, in the order in which SQLite keeps words in the least place
 * and time; a search brings in the newest, so that what was said of late is found, however much is pending.
 */
export class PendingWords {
  /** One portion at a time: two would be of the same events. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly store: SearchStore,
    private readonly transactor: Transactor,
    private readonly clock: Clock,
  ) {}

  /** Resolves when nothing is pending any more, or once `signal` is aborted. */
  async indexAll(signal?: AbortSignal): Promise<void> {
    while (!signal?.aborted && (await this.#portion('oldest'))) await this.clock.sleep(PAUSE_MS, signal);
  }

  /** Resolves when the newest of what was committed before the call is in the index: all of it, unless it is very much. */
  async indexNewest(): Promise<void> {
    for (let portions = 0; portions < PORTIONS_OF_A_SEARCH; portions++) if (!(await this.#portion('newest'))) return;
  }

  /** Whether there may be more. */
  #portion(which: 'oldest' | 'newest'): Promise<boolean> {
    const portion = this.#last.then(() => this.#index(which));
    this.#last = portion.catch(() => undefined);
    return portion;
  }

  async #index(which: 'oldest' | 'newest'): Promise<boolean> {
    const pending = await this.store.pending(which, PORTION);
    if (pending.length === 0) return false;
    const pacer = new Pacer(this.clock);
    const indexed: IndexedEvent[] = [];
    for (const event of pending) {
      const one = withWords(event);
      if (one !== undefined) indexed.push(one);
      await pacer.turn();
    }
    await this.transactor.commit((batch) => {
      if (indexed.length > 0) batch.add(this.store.insertWords(indexed));
      batch.add(this.store.removePending(pending.map(({ nid }) => nid)));
    });
    return pending.length === PORTION;
  }
}

/** `undefined` for what has none, any more or at all. */
function withWords({ nid, said }: PendingEvent): IndexedEvent | undefined {
  if (said === undefined) return undefined;
  const { roomNid, type, stateKey } = said;
  const searchable = searchableTextOf({ type, stateKey, content: JSON.parse(said.content) as JsonObject });
  const words = searchable === undefined ? [] : wordsOf(searchable.text).map((word) => word.term);
  return words.length === 0 ? undefined : { nid, roomNid, words };
}
