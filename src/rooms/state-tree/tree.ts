import {
  type Branch,
  childIndex,
  digitOf,
  type HashedNode,
  hasDigit,
  hashNode,
  isApart,
  LEAF_MAX,
  LEVELS,
  type Leaf,
  type StateNode,
  type StateRoot,
  sinceOf,
} from './node.ts';

/** Where nodes come from. Answers at once for nodes at hand, so that a warm tree costs no turn of the event loop. */
export interface NodeSource {
  load(root: StateRoot): StateNode | Promise<StateNode>;
}

/** One difference between two states: `undefined` where a state has no such entry. */
export interface StateDifference {
  readonly key: number;
  readonly before: number | undefined;
  readonly after: number | undefined;
}

const EMPTY: HashedNode = hashNode({ kind: 'leaf', keys: [], events: [] });

/** The state of a room before its create event. */
export const EMPTY_ROOT: StateRoot = EMPTY.hash;
export const EMPTY_NODE = EMPTY;

/** The event at `key`, loading the path to it. */
export async function getEntry(source: NodeSource, root: StateRoot, key: number): Promise<number | undefined> {
  let hash = root;
  for (let level = 0; ; level++) {
    const node = await source.load(hash);
    if (node.kind === 'leaf') {
      const index = node.keys.indexOf(key);
      return index === -1 ? undefined : node.events[index];
    }
    const digit = digitOf(key, level);
    if (!hasDigit(node.digits, digit)) return undefined;
    hash = node.children[childIndex(node.digits, digit)]!;
  }
}

/** Every entry, a leaf at a time, in no order that means anything. */
export async function* entriesOf(source: NodeSource, root: StateRoot): AsyncGenerator<Leaf> {
  const pending = [root];
  for (let hash = pending.pop(); hash !== undefined; hash = pending.pop()) {
    const node = await source.load(hash);
    if (node.kind === 'leaf') yield node;
    else pending.push(...node.children);
  }
}

/** Those of the entries whose keys are apart, at a cost that follows their number. */
export async function* entriesApart(source: NodeSource, root: StateRoot): AsyncGenerator<Leaf> {
  const node = await source.load(root);
  if (node.kind === 'branch') {
    if (hasDigit(node.digits, 0)) yield* entriesOf(source, node.children[0]!);
    return;
  }
  const chosen = node.keys.map((key, index) => [key, node.events[index]!] as const).filter(([key]) => isApart(key));
  yield { kind: 'leaf', keys: chosen.map(([key]) => key), events: chosen.map(([, event]) => event) };
}

/**
 * Sets entries, or removes those given as `undefined`. Answers the new root and the nodes that did not exist before; the tree
 * of a given state is the same however it was reached.
 */
export async function updateTree(
  source: NodeSource,
  root: StateRoot,
  changes: ReadonlyMap<number, number | undefined>,
): Promise<{ readonly root: StateRoot; readonly created: readonly HashedNode[] }> {
  if (changes.size === 0) return { root, created: [] };
  const created = new Map<StateRoot, HashedNode>();
  const overlay: NodeSource = { load: (hash) => created.get(hash)?.node ?? source.load(hash) };
  const next = await updateNode(overlay, root, [...changes], 0, created);
  // A branch that shrank is gathered into a leaf by its parent; what was made on the way is not part of the result.
  const reachable = next === undefined ? [] : keepReachable(next, created);
  return { root: next ?? EMPTY_ROOT, created: next === undefined ? [EMPTY] : reachable };
}

type Change = readonly [key: number, event: number | undefined];

/** The node that replaces `hash`, or `undefined` when nothing is left. */
async function updateNode(
  source: NodeSource,
  hash: StateRoot | undefined,
  changes: readonly Change[],
  level: number,
  created: Map<StateRoot, HashedNode>,
): Promise<StateRoot | undefined> {
  const node: StateNode = hash === undefined ? EMPTY.node : await source.load(hash);
  if (node.kind === 'leaf') return makeNode(applyToLeaf(node, changes), level, created);

  const children = new Map<number, StateRoot>();
  let index = 0;
  for (let digit = 0; digit < 32; digit++)
    if (hasDigit(node.digits, digit)) children.set(digit, node.children[index++]!);
  let changed = 0;
  for (const [digit, below] of byDigit(changes, level)) {
    const child = await updateNode(source, children.get(digit), below, level + 1, created);
    changed |= 1 << digit;
    if (child === undefined) children.delete(digit);
    else children.set(digit, child);
  }
  const from = hash === undefined ? undefined : { root: hash, branch: node, changed };
  return (await gather(source, children)) ?? addBranch(children, created, from);

  // Few enough entries left for a leaf: the canonical form of that many is a leaf.
  async function gather(nodes: NodeSource, subtrees: ReadonlyMap<number, StateRoot>): Promise<StateRoot | undefined> {
    const removes = changes.some(([, event]) => event === undefined);
    if (!removes) return undefined;
    const entries = new Map<number, number>();
    for (const subtree of subtrees.values()) {
      const child = await nodes.load(subtree);
      if (child.kind === 'branch') return undefined;
      child.keys.forEach((key, at) => {
        entries.set(key, child.events[at]!);
      });
      if (entries.size > LEAF_MAX) return undefined;
    }
    return makeNode(entries, level, created);
  }
}

function applyToLeaf(leaf: Leaf, changes: readonly Change[]): Map<number, number> {
  const entries = new Map<number, number>();
  leaf.keys.forEach((key, index) => {
    entries.set(key, leaf.events[index]!);
  });
  for (const [key, event] of changes) {
    if (event === undefined) entries.delete(key);
    else entries.set(key, event);
  }
  return entries;
}

function makeNode(
  entries: ReadonlyMap<number, number>,
  level: number,
  created: Map<StateRoot, HashedNode>,
): StateRoot | undefined {
  if (entries.size === 0) return undefined;
  if (entries.size <= LEAF_MAX || level >= LEVELS) {
    const keys = [...entries.keys()].sort((a, b) => a - b);
    return add({ kind: 'leaf', keys, events: keys.map((key) => entries.get(key)!) }, created);
  }
  const children = new Map<number, StateRoot>();
  for (const [digit, below] of byDigit([...entries], level)) {
    const child = makeNode(new Map(below as readonly (readonly [number, number])[]), level + 1, created);
    if (child !== undefined) children.set(digit, child);
  }
  return addBranch(children, created);
}

function addBranch(
  children: ReadonlyMap<number, StateRoot>,
  created: Map<StateRoot, HashedNode>,
  from?: { readonly root: StateRoot; readonly branch: Branch; readonly changed: number },
): StateRoot | undefined {
  if (children.size === 0) return undefined;
  const ordered = [...children.keys()].sort((a, b) => a - b);
  const digits = ordered.reduce((bits, digit) => bits | (1 << digit), 0) >>> 0;
  const since = from && sinceOf(from.branch, from.root, from.changed, digits);
  return add(
    { kind: 'branch', digits, children: ordered.map((digit) => children.get(digit)!), since } satisfies Branch,
    created,
  );
}

function add(node: StateNode, created: Map<StateRoot, HashedNode>): StateRoot {
  const hashed = hashNode(node);
  created.set(hashed.hash, hashed);
  return hashed.hash;
}

function byDigit(changes: readonly Change[], level: number): Map<number, Change[]> {
  const groups = new Map<number, Change[]>();
  for (const change of changes) {
    const digit = digitOf(change[0], level);
    const group = groups.get(digit);
    if (group === undefined) groups.set(digit, [change]);
    else group.push(change);
  }
  return groups;
}

/** Those of the nodes that the tree at `root` is made of. */
export function keepReachable(root: StateRoot, created: ReadonlyMap<StateRoot, HashedNode>): HashedNode[] {
  const kept = new Map<StateRoot, HashedNode>();
  const pending = [root];
  for (let hash = pending.pop(); hash !== undefined; hash = pending.pop()) {
    const made = created.get(hash);
    if (made === undefined || kept.has(hash)) continue;
    kept.set(hash, made);
    if (made.node.kind === 'branch') pending.push(...made.node.children);
  }
  return [...kept.values()];
}

/** What differs between two states, at a cost that follows the difference: equal subtrees are never entered. */
export async function* differencesOf(
  source: NodeSource,
  before: StateRoot,
  after: StateRoot,
): AsyncGenerator<StateDifference> {
  const pending: (readonly [StateRoot | undefined, StateRoot | undefined, number])[] = [[before, after, 0]];
  for (let pair = pending.pop(); pair !== undefined; pair = pending.pop()) {
    const [left, right, level] = pair;
    if (left === right) continue;
    const a = left === undefined ? EMPTY.node : await source.load(left);
    const b = right === undefined ? EMPTY.node : await source.load(right);
    if (a.kind === 'branch' && b.kind === 'branch') {
      for (let digit = 0; digit < 32; digit++) {
        const from = childAt(a, digit);
        const to = childAt(b, digit);
        if (from !== to) pending.push([from, to, level + 1]);
      }
    } else {
      yield* compareEntries(await collect(source, a), await collect(source, b));
    }
  }
}

function childAt(branch: Branch, digit: number): StateRoot | undefined {
  return hasDigit(branch.digits, digit) ? branch.children[childIndex(branch.digits, digit)] : undefined;
}

async function collect(source: NodeSource, node: StateNode): Promise<Map<number, number>> {
  const entries = new Map<number, number>();
  const leaves: StateNode[] = [node];
  for (let next = leaves.pop(); next !== undefined; next = leaves.pop()) {
    if (next.kind === 'branch') for (const child of next.children) leaves.push(await source.load(child));
    else next.keys.forEach((key, index) => void entries.set(key, (next as Leaf).events[index]!));
  }
  return entries;
}

function* compareEntries(
  before: ReadonlyMap<number, number>,
  after: ReadonlyMap<number, number>,
): Generator<StateDifference> {
  for (const [key, event] of before) {
    const now = after.get(key);
    if (now !== event) yield { key, before: event, after: now };
  }
  for (const [key, event] of after) if (!before.has(key)) yield { key, before: undefined, after: event };
}
