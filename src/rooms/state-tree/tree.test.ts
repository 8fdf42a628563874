import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { applyChange, decodeNode, hashNode, isApart, type StateNode, type StateRoot } from './node.ts';
import { differencesOf, EMPTY_NODE, EMPTY_ROOT, entriesApart, entriesOf, getEntry, updateTree } from './tree.ts';

class MemorySource {
  /** As stored: branches as what differs from others, where they can be. */
  readonly nodes = new Map<StateRoot, Uint8Array>([[EMPTY_ROOT, EMPTY_NODE.body]]);
  loads = 0;
  load(root: StateRoot): StateNode {
    this.loads++;
    const found = this.nodes.get(root);
    if (found === undefined) throw new Error(`no node ${root}`);
    const stored = decodeNode(found);
    const node = stored.kind === 'change' ? applyChange(this.load(stored.base), stored) : stored;
    expect(hashNode(node).hash).toBe(root);
    return node;
  }
  async apply(root: StateRoot, changes: Iterable<readonly [number, number | undefined]>): Promise<StateRoot> {
    const next = await updateTree(this, root, new Map(changes));
    for (const { hash, body, change } of next.created) {
      if (!this.nodes.has(hash)) this.nodes.set(hash, change?.body ?? body);
    }
    return next.root;
  }
  async read(root: StateRoot): Promise<Map<number, number>> {
    const entries = new Map<number, number>();
    for await (const leaf of entriesOf(this, root))
      leaf.keys.forEach((key, index) => void entries.set(key, leaf.events[index]!));
    return entries;
  }
}

const change = fc.tuple(
  fc.integer({ min: 1, max: 400 }),
  fc.option(fc.integer({ min: 1, max: 2 ** 40 }), { nil: undefined }),
);

describe('state tree', () => {
  test('equal states have equal roots, whatever the order of their changes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 300 }), fc.integer({ min: 1, max: 50 }), async (changes, step) => {
        const source = new MemorySource();
        const model = new Map<number, number>();
        let root = EMPTY_ROOT;
        for (let at = 0; at < changes.length; at += step) {
          const part = changes.slice(at, at + step);
          root = await source.apply(root, part);
          for (const [key, event] of part) event === undefined ? model.delete(key) : model.set(key, event);
        }
        expect(await source.apply(EMPTY_ROOT, model)).toBe(root);
        expect(await source.read(root)).toEqual(model);
        for (const [key, event] of model) expect(await getEntry(source, root, key)).toBe(event);
        expect(await getEntry(source, root, 401)).toBeUndefined();
      }),
      { numRuns: 60 },
    );
  });

  test('the differences between two states are exactly the entries that differ', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(change, { maxLength: 200 }),
        fc.array(change, { maxLength: 60 }),
        async (base, more) => {
          const source = new MemorySource();
          const before = await source.apply(EMPTY_ROOT, base);
          const after = await source.apply(before, more);
          const rebuilt = await source.read(before);
          for await (const difference of differencesOf(source, before, after)) {
            expect(rebuilt.get(difference.key)).toBe(difference.before as number);
            if (difference.after === undefined) rebuilt.delete(difference.key);
            else rebuilt.set(difference.key, difference.after);
          }
          expect(rebuilt).toEqual(await source.read(after));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('one change in a state of 10,000 entries writes less than 2 KB and finds itself by walking the difference alone', async () => {
    const source = new MemorySource();
    const before = await source.apply(
      EMPTY_ROOT,
      Array.from({ length: 10_000 }, (_, key) => [key + 1, key + 100_000] as const),
    );
    const next = await updateTree(source, before, new Map([[4321, 1]]));
    for (const node of next.created) source.nodes.set(node.hash, node.change?.body ?? node.body);
    expect(next.created.reduce((bytes, node) => bytes + node.body.length, 0)).toBeLessThan(2048);
    source.loads = 0;
    const differences = await Array.fromAsync(differencesOf(source, before, next.root));
    expect(differences).toEqual([{ key: 4321, before: 104_320, after: 1 }]);
    expect(source.loads).toBeLessThanOrEqual(8);
  });

  test('the few entries apart from the many are read without them, in small trees and large ones', async () => {
    const numbers = Array.from({ length: 5_000 }, (_, key) => key + 1);
    const apart = numbers.filter(isApart).slice(0, 40);
    for (const others of [0, 20, 5_000]) {
      const source = new MemorySource();
      const keys = [...apart, ...numbers.filter((key) => !isApart(key)).slice(0, others)];
      const root = await source.apply(
        EMPTY_ROOT,
        keys.map((key) => [key, key + 1]),
      );
      source.loads = 0;
      const read: number[] = [];
      for await (const leaf of entriesApart(source, root)) {
        read.push(...leaf.keys);
        expect(leaf.events).toEqual(leaf.keys.map((key) => key + 1));
      }
      expect(read.toSorted((a, b) => a - b)).toEqual(apart);
      expect(source.loads).toBeLessThan(50);
    }
  });

  test('one change of a large state is stored as little, and never far from a whole branch', async () => {
    const source = new MemorySource();
    let root = await source.apply(
      EMPTY_ROOT,
      Array.from({ length: 10_000 }, (_, key) => [key + 1, key] as const),
    );
    const before = new Set(source.nodes.keys());
    for (let key = 1; key <= 400; key++) root = await source.apply(root, [[key, 20_000 + key]]);
    const added = [...source.nodes].filter(([hash]) => !before.has(hash)).map(([, body]) => body);
    const bytes = added.reduce((sum, { length }) => sum + length, 0);
    expect(bytes / 400).toBeLessThan(400);
    for (const body of added) {
      const node = decodeNode(body);
      if (node.kind === 'change') expect(decodeNode(source.nodes.get(node.base)!).kind).toBe('branch');
    }
    expect(added.filter((body) => decodeNode(body).kind === 'branch').length).toBeGreaterThan(50);
    expect((await source.read(root)).size).toBe(10_000);
  });

  test('a node reads back from its body', () => {
    const leaf: StateNode = { kind: 'leaf', keys: [1, 2 ** 33], events: [2 ** 45, 7] };
    expect(decodeNode(hashNode(leaf).body)).toEqual(leaf);
  });
});
