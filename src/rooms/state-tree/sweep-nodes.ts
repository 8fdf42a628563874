import type { Clock } from '#platform/clock/index.ts';
import type { Transactor } from '#platform/storage/ports.ts';
import { Pacer } from '../pacer.ts';
import { decodeNode, type StateRoot } from './node.ts';
import { NodeMarks } from './node-marks.ts';
import type { NodeSweepStore } from './node-sweep-store.ts';
import type { StateTreeStore } from './state-tree-store.ts';

export interface NodeSweep {
  readonly kept: number;
  readonly deleted: number;
}

/** Nodes read at once. */
const READ_AT_ONCE = 250;

/**
 * Deletes the nodes of a room that no root leads to any more, as after old events were purged. The room may be written to
 * meanwhile. A state is only ever built out of another that some event or the room names, so what is in use afterwards is
 * what the roots lead to once writing is noted, and what is written from then on: both are marked, and the rest goes.
 */
export async function sweepNodes(
  roomNid: number,
  trees: StateTreeStore,
  store: NodeSweepStore,
  transactor: Transactor,
  clock: Clock,
): Promise<NodeSweep> {
  const pacer = new Pacer(clock);
  const marks = new NodeMarks();
  trees.watch(roomNid, marks);
  try {
    // Batches handed over before the watch began are committed by then, and their roots are seen.
    await transactor.commit((batch) => batch.add(store.fence(roomNid)));
    for await (const roots of store.roots(roomNid)) await mark(roomNid, roots, marks, store, pacer);
    let deleted = 0;
    for await (const page of store.addresses(roomNid)) {
      deleted += await transactor.commit((batch) => {
        // Asked here, where nothing can come between the answer and the place of this batch among the others.
        const unused = page.filter((root) => !marks.has(root));
        if (unused.length > 0) batch.add(store.delete(roomNid, unused));
        return unused.length;
      });
      await pacer.turn();
    }
    return { kept: marks.size, deleted };
  } finally {
    trees.unwatch(roomNid);
  }
}

/** Marks all that the roots lead to. A node that is marked has been followed, or was written while others were looked for. */
async function mark(
  roomNid: number,
  roots: readonly StateRoot[],
  marks: NodeMarks,
  store: NodeSweepStore,
  pacer: Pacer,
): Promise<void> {
  const pending = roots.filter((root) => marks.add(root));
  while (pending.length > 0) {
    const bodies = await store.bodies(roomNid, pending.splice(-READ_AT_ONCE));
    for (const body of bodies) {
      const node = decodeNode(body);
      if (node.kind === 'leaf') continue;
      // With a base also what led on from it alone is kept, until nothing is stored as what differs from it.
      const onward = node.kind === 'change' ? [node.base, ...node.children] : node.children;
      for (const root of onward) if (marks.add(root)) pending.push(root);
    }
    await pacer.turn();
  }
}
