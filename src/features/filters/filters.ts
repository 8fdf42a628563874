import { createHash } from 'node:crypto';
import { type Sequences, type Storage, statement } from '#platform/storage/index.ts';
import { MatrixError } from '#protocol/errors.ts';
import { type Filter, parseFilter } from '#protocol/filters/index.ts';
import { fitsBytes, type UserId } from '#protocol/identifiers/index.ts';

const insert = statement(
  'insert into filters (user_id, filter_id, content_hash, content) values (?, ?, ?, ?) ' +
    'on conflict (user_id, content_hash) do nothing',
);
const byHash = statement<{ filter_id: number }>('select filter_id from filters where user_id = ? and content_hash = ?');
const byId = statement<{ content: string }>('select content from filters where user_id = ? and filter_id = ?');

const MAX_CONTENT_BYTES = 65_536;
/** Filters kept in memory: every sync names one, and they never change. */
const REMEMBERED_MAX = 5_000;

/** The filters of users. Equal filters of a user are stored once, since clients upload theirs at every start. */
export class Filters {
  /** Least recently used first. */
  readonly #remembered = new Map<string, Filter>();

  constructor(private readonly storage: Pick<Storage, 'reader' | 'transactor'> & { readonly sequences: Sequences }) {}

  /** Stores a filter and answers its id. @throws MatrixError 400 `M_BAD_JSON` for what is none, 413 `M_TOO_LARGE`. */
  async define(userId: UserId, json: unknown): Promise<string> {
    const content = JSON.stringify(parseFilter(json));
    if (!fitsBytes(content, MAX_CONTENT_BYTES)) throw new MatrixError('M_TOO_LARGE', 'The filter is too large');
    const hash = createHash('sha256').update(content).digest('base64');
    const known = await this.storage.reader.first(byHash(userId, hash));
    if (known !== undefined) return String(known.filter_id);
    await this.storage.transactor.commit((batch) => {
      batch.add(insert(userId, this.storage.sequences.next('row'), hash, content));
    });
    // Another device may have been faster with the same one.
    return String((await this.storage.reader.first(byHash(userId, hash)))!.filter_id);
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
    const row = await this.storage.reader.first(byId(userId, Number(filterId)));
    if (row === undefined) return undefined;
    const filter = JSON.parse(row.content) as Filter;
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
