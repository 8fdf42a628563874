import { TrieRouter } from 'hono/router/trie-router';

/** A path of a table, as contracts write it: `/a/{b}`; a last `{c?}` may be empty; a last `/*` matches anything below. */
interface Row<T> {
  readonly method: string;
  readonly path: string;
  readonly entry: T;
}

export interface Match<T> {
  readonly entry: T;
  /** Path parameters as they were sent, still percent-encoded. */
  readonly rawParams: Readonly<Record<string, string>>;
}

export type Lookup<T> = Match<T> | 'unknown-path' | 'wrong-method';

export const METHODS = ['GET', 'POST', 'PUT', 'DELETE'] as const;

/**
 * Finds what serves a method and path. Paths are matched as sent, without decoding, so that an encoded slash never splits a
 * parameter; an empty segment is no parameter. A fixed segment is preferred to a parameter, whatever the order of adding.
 */
export class RouteTable<T> {
  readonly #router = new TrieRouter<T>();

  constructor(rows: readonly Row<T>[]) {
    const expanded = rows.flatMap(expandOptional).sort((a, b) => compareSpecificity(a.path, b.path));
    refuseDuplicates(expanded);
    for (const { method, path, entry } of expanded) {
      this.#router.add(method, path.replace(/\{(\w+)\}/g, ':$1'), entry);
    }
  }

  find(method: string, path: string): Lookup<T> {
    return this.#match(method, path) ?? (this.#isKnown(path) ? 'wrong-method' : 'unknown-path');
  }

  #match(method: string, path: string): Match<T> | undefined {
    const [matches] = this.#router.match(method, path) as [[T, Record<string, string>][]];
    const best = matches[0];
    return best === undefined ? undefined : { entry: best[0], rawParams: best[1] };
  }

  #isKnown(path: string): boolean {
    return METHODS.some((method) => this.#match(method, path) !== undefined);
  }
}

/** `/a/{b?}` is `/a/{b}` and, with an empty parameter, `/a/`. */
function expandOptional<T>(row: Row<T>): Row<T>[] {
  const optional = /\{(\w+)\?\}$/.exec(row.path);
  if (optional === null) return [row];
  const stem = row.path.slice(0, optional.index);
  return [`${stem}{${optional[1]}}`, stem].map((path) => ({ ...row, path }));
}

function compareSpecificity(a: string, b: string): number {
  const [left, right] = [specificity(a), specificity(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

/** A sortable form: at the first segment that differs, fixed comes before parameter comes before wildcard. */
function specificity(path: string): string {
  return path
    .split('/')
    .map((segment) => (segment.startsWith('{') ? '1' : segment === '*' ? '2' : '0'))
    .join('');
}

function refuseDuplicates(rows: readonly Row<unknown>[]): void {
  const seen = new Set<string>();
  for (const { method, path } of rows) {
    const key = `${method} ${path.replace(/\{\w+\}/g, '{}')}`;
    if (seen.has(key)) throw new Error(`two routes for ${method} ${path}`);
    seen.add(key);
  }
}
