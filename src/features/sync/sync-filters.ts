import { invalidParam, MatrixError } from '#protocol/errors.ts';
import { type CompiledFilter, compileFilter, parseFilter } from '#protocol/filters/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { SyncSources } from './sources.ts';

/** Filters kept compiled: clients name the same one with each request. */
const KEPT = 1_000;
/** Longer ones are compiled each time. */
const MAX_KEY_LENGTH = 2_000;

/** The filters that clients name in `/sync`, as JSON or by the id of a stored one, which never changes. */
export class SyncFilters {
  readonly #everything = compileFilter();
  /** Least recently used first. */
  readonly #compiled = new Map<string, CompiledFilter>();

  constructor(private readonly sources: Pick<SyncSources, 'filterById'>) {}

  /**
   * The filter that `text` names.
   * @throws MatrixError 400 `M_INVALID_PARAM` for one that is unknown or malformed, `M_NOT_JSON`.
   */
  async of(text: string | undefined, userId: UserId): Promise<CompiledFilter> {
    if (text === undefined || text === '') return this.#everything;
    const key = text.startsWith('{') ? text : `${userId} ${text}`;
    const known = this.#compiled.get(key);
    if (known !== undefined) {
      if (this.#compiled.size < KEPT / 2) return known;
      this.#compiled.delete(key);
      this.#compiled.set(key, known);
      return known;
    }
    const filter = compileFilter(parseFilter(await this.#read(text, userId)));
    if (key.length > MAX_KEY_LENGTH) return filter;
    this.#compiled.set(key, filter);
    for (const oldest of this.#compiled.keys()) {
      if (this.#compiled.size <= KEPT) break;
      this.#compiled.delete(oldest);
    }
    return filter;
  }

  async #read(text: string, userId: UserId): Promise<unknown> {
    if (!text.startsWith('{')) {
      const stored = await this.sources.filterById(userId, text);
      if (stored === undefined) throw invalidParam('No such filter');
      return stored;
    }
    try {
      return JSON.parse(text);
    } catch {
      throw new MatrixError('M_NOT_JSON', 'filter is not JSON');
    }
  }
}
