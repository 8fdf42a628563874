import { expect, test } from 'bun:test';
import { ByteCache } from '#platform/cache/index.ts';
import type { Storage } from '#platform/storage/index.ts';
import { forEachEngine } from '#test/storage.ts';
import { type HashedNode, rootToBytes, type StateRoot } from './node.ts';
import { NodeMarks } from './node-marks.ts';
import { StateTreeStore } from './state-tree-store.ts';
import { EMPTY_ROOT, entriesOf, updateTree } from './tree.ts';

const ROOM = 1;

/** A large state, and the same with one entry changed, and then another. */
async function threeStates(
  trees: StateTreeStore,
): Promise<{ readonly root: StateRoot; readonly nodes: readonly HashedNode[] }[]> {
  const states: { root: StateRoot; nodes: readonly HashedNode[] }[] = [];
  const changes = [
    new Map(Array.from({ length: 2_000 }, (_, key) => [key + 1, key])),
    new Map([[7, 9_000]]),
    new Map([[8, 9_001]]),
  ];
  let root = EMPTY_ROOT;
  for (const change of changes) {
    const next = await updateTree(trees.nodesOf(ROOM), root, change);
    trees.stage(next.created);
    states.push({ root: next.root, nodes: next.created });
    root = next.root;
  }
  return states;
}

/** A store that has nothing in memory. */
const opened = ({ reader }: Storage) => new StateTreeStore(reader, new ByteCache('nodes', 1_000_000));

async function kindOf({ reader }: Storage, root: StateRoot): Promise<number | undefined> {
  const row = await reader.first<{ body: Uint8Array }>({
    sql: 'select body from state_nodes where room_nid = ? and hash = ?',
    parameters: [ROOM, rootToBytes(root)],
  });
  return row?.body[0];
}

const WHOLE = 1;
const CHANGE = 2;

forEachEngine('stored state trees', (engine) => {
  const write = (storage: Storage, trees: StateTreeStore, nodes: readonly HashedNode[]) =>
    storage.transactor.commit((batch) => trees.insert(batch, ROOM, nodes));
  const entries = async (storage: Storage, root: StateRoot) => {
    const found = new Map<number, number>();
    for await (const { keys, events } of entriesOf(opened(storage).nodesOf(ROOM), root)) {
      keys.forEach((key, index) => void found.set(key, events[index]!));
    }
    return found;
  };

  test('a branch is stored as what differs, and read whole', async () => {
    const storage = await engine.open();
    const trees = opened(storage);
    const states = await threeStates(trees);
    for (const { nodes } of states) await write(storage, trees, nodes);
    expect(await Promise.all(states.map(({ root }) => kindOf(storage, root)))).toEqual([WHOLE, CHANGE, CHANGE]);
    const [first, second, third] = await Promise.all(states.map(({ root }) => entries(storage, root)));
    expect([first!.size, first!.get(7), first!.get(8)]).toEqual([2_000, 6, 7]);
    expect([second!.size, second!.get(7), second!.get(8)]).toEqual([2_000, 9_000, 7]);
    expect([third!.size, third!.get(7), third!.get(8)]).toEqual([2_000, 9_000, 9_001]);
  });

  test('it is stored whole where what it differs from is not stored', async () => {
    const storage = await engine.open();
    const trees = opened(storage);
    const [first, second] = await threeStates(trees);
    await write(
      storage,
      trees,
      first!.nodes.filter(({ hash }) => hash !== first!.root),
    );
    await write(storage, trees, second!.nodes);
    expect(await kindOf(storage, second!.root)).toBe(WHOLE);
    expect((await entries(storage, second!.root)).get(7)).toBe(9_000);
  });

  test('one that is there already, or written while unused ones are looked for, becomes whole', async () => {
    const storage = await engine.open();
    const trees = opened(storage);
    const [first, second, third] = await threeStates(trees);
    for (const { nodes } of [first!, second!, second!]) await write(storage, trees, nodes);
    expect(await kindOf(storage, second!.root)).toBe(WHOLE);
    trees.watch(ROOM, new NodeMarks());
    await write(storage, trees, third!.nodes);
    expect(await kindOf(storage, third!.root)).toBe(WHOLE);
    expect((await entries(storage, third!.root)).get(8)).toBe(9_001);
  });
});
