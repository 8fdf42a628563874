import { createHash } from 'node:crypto';
import type { Batch, Sequences, Transactor } from '#platform/storage/index.ts';
import { MatrixError } from '#protocol/errors.ts';
import { type Filter, parseFilter } from '#protocol/filters/index.ts';
import { fitsBytes, type UserId } from '#protocol/identifiers/index.ts';
import type { FilterStore } from './filter-store.ts';

const MAX_CONTENT_BYTES = 65_536;
/** Filters kept in memory: every sync names one, and they never change. */
const REMEMBERED_MAX = 5_000;

/** The filters of users. Equal filters of a user are stored once, since clients upload theirs at every start. */
export class Filters {
  /** Least recently used first. */
  readonly #remembered = new Map<string, Filter>();

  constructor(
    private readonly store: FilterStore,
    private readonly transactor: Transactor,
    private readonly sequences: Sequences,
  ) {}

  /** Stores a filter and answers its id. @throws MatrixError 400 `M_BAD_JSON` for what is none, 413 `M_TOO_LARGE`. */
  async define(userId: UserId, json: unknown): Promise<string> {
    const content = JSON.stringify(parseFilter(json));
    if (!fitsBytes(content, MAX_CONTENT_BYTES)) throw new MatrixError('M_TOO_LARGE', 'The filter is too large');
    const hash = createHash('sha256').update(content).digest('base64');
    const known = await this.store.idOf(userId, hash);
    if (known !== undefined) return String(known);
    await this.transactor.commit((batch) => {
      batch.add(this.store.insert(userId, this.sequences.next('row'), hash, content));
    });
    // Another device may have been faster with the same one.
    return String(await this.store.idOf(userId, hash));
  }

  /** In the batch that deactivates an account: filters name rooms and people. */
  accountDeactivated(batch: Batch, userId: UserId): void {
    batch.add(this.store.removeOf(userId));
  }

  async find(userId: UserId, filterId: string): Promise<Filter | undefined> {
    if (!/^[1-9]\d{0,14}$/.test(filterId)) return undefined;
    const key = `${filterId} ${userId}`;
    const known = this.#remembered.get(key);
    if (known !== undefined) {
      this.#remembered.delete(key);
      this.#remembered.set(key, known);
      return known;
    }
    const content = await this.store.find(userId, Number(filterId));
    if (content === undefined) return undefined;
    const filter = JSON.parse(content) as Filter;
    this.#remember(key, filter);
    return filter;
  }

  #remember(key: string, filter: Filter): void {
    this.#remembered.set(key, filter);
    if (this.#remembered.size <= REMEMBERED_MAX) return;
    for (const oldest of this.#remembered.keys()) {
      this.#remembered.delete(oldest);
      break;
    }
  }
}
