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

const NO_PARAMS: Readonly<Record<string, string>> = {};

/** What a path leads to: by method, the entry and the names of its parameters in order. */
interface Leaf<T> {
  readonly entry: T;
  readonly names: readonly string[];
}

interface Node<T> {
  readonly fixed: Map<string, Node<T>>;
  parameter: Node<T> | undefined;
  /** Whatever is below. */
  readonly below: Map<string, Leaf<T>>;
  readonly here: Map<string, Leaf<T>>;
}

/**
 * Finds what serves a method and path. Paths are matched as sent, without decoding, so that an encoded slash never splits a
 * parameter; an empty segment is no parameter. A fixed segment is preferred to a parameter, whatever the order of adding.
 */
export class RouteTable<T> {
  readonly #root: Node<T> = newNode();

  constructor(rows: readonly Row<T>[]) {
    for (const row of rows.flatMap(expandOptional)) this.#add(row);
  }

  find(method: string, path: string): Lookup<T> {
    const segments = path.split('/');
    const found = search(this.#root, segments, 1, [], (leaves) => leaves.get(method));
    if (found !== undefined) return { entry: found.leaf.entry, rawParams: named(found.leaf.names, found.values) };
    return search(this.#root, segments, 1, [], firstOf) === undefined ? 'unknown-path' : 'wrong-method';
  }

  #add({ method, path, entry }: Row<T>): void {
    const names: string[] = [];
    let node = this.#root;
    let leaves: Map<string, Leaf<T>> | undefined;
    for (const segment of path.split('/').slice(1)) {
      if (segment === '*') {
        leaves = node.below;
        break;
      }
      const name = /^\{(\w+)\}$/.exec(segment)?.[1];
      if (name === undefined) node = fixedChild(node, segment);
      else {
        names.push(name);
        node.parameter ??= newNode();
        node = node.parameter;
      }
    }
    leaves ??= node.here;
    if (leaves.has(method)) throw new Error(`two routes for ${method} ${path}`);
    leaves.set(method, { entry, names });
  }
}

/** Depth first, the more specific first. */
function search<T>(
  node: Node<T>,
  segments: readonly string[],
  at: number,
  values: string[],
  pick: (leaves: ReadonlyMap<string, Leaf<T>>) => Leaf<T> | undefined,
): { readonly leaf: Leaf<T>; readonly values: readonly string[] } | undefined {
  const segment = segments[at];
  if (segment === undefined) {
    const leaf = pick(node.here) ?? pick(node.below);
    return leaf && { leaf, values };
  }
  const next = node.fixed.get(segment);
  if (next !== undefined) {
    const found = search(next, segments, at + 1, values, pick);
    if (found !== undefined) return found;
  }
  if (node.parameter !== undefined && segment !== '') {
    values.push(segment);
    const found = search(node.parameter, segments, at + 1, values, pick);
    if (found !== undefined) return found;
    values.pop();
  }
  const leaf = pick(node.below);
  return leaf && { leaf, values };
}

function firstOf<T>(leaves: ReadonlyMap<string, Leaf<T>>): Leaf<T> | undefined {
  for (const leaf of leaves.values()) return leaf;
  return undefined;
}

function newNode<T>(): Node<T> {
  return { fixed: new Map(), parameter: undefined, below: new Map(), here: new Map() };
}

function fixedChild<T>(node: Node<T>, segment: string): Node<T> {
  let child = node.fixed.get(segment);
  if (child === undefined) {
    child = newNode();
    node.fixed.set(segment, child);
  }
  return child;
}

function named(names: readonly string[], values: readonly string[]): Readonly<Record<string, string>> {
  if (names.length === 0) return NO_PARAMS;
  const params: Record<string, string> = {};
  for (let index = 0; index < names.length; index++) params[names[index]!] = values[index]!;
  return params;
}

/** `/a/{b?}` is `/a/{b}` and, with an empty parameter, `/a/`. */
function expandOptional<T>(row: Row<T>): Row<T>[] {
  const optional = /\{(\w+)\?\}$/.exec(row.path);
  if (optional === null) return [row];
  const stem = row.path.slice(0, optional.index);
  return [`${stem}{${optional[1]}}`, stem].map((path) => ({ ...row, path }));
}
