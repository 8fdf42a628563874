import type { ByteCache } from '#platform/cache/index.ts';
import { statement } from '#platform/storage/index.ts';
import type { Batch, Reader } from '#platform/storage/ports.ts';
import { decodeNode, type HashedNode, rootToBytes, type StateNode, type StateRoot } from './node.ts';
import type { NodeMarks } from './node-marks.ts';
import { EMPTY_NODE, EMPTY_ROOT, type NodeSource } from './tree.ts';

const selectNode = statement<{ body: Uint8Array }>('select body from state_nodes where room_nid = ? and hash = ?');
const insertNode = statement('insert into state_nodes (room_nid, hash, body) values (?, ?, ?) on conflict do nothing');

/**
 * State tree nodes on disk, by room and content, through a cache of a byte budget. Being keyed by room, a purged room's nodes
 * go with one delete.
 */
export class StateTreeStore {
  constructor(
    private readonly reader: Reader,
    private readonly cache: ByteCache<StateRoot, StateNode>,
    /** Nodes of batches not yet committed, and of how many: they must be found, and must not be evicted. */
    private readonly pending = new Map<StateRoot, { readonly node: StateNode; batches: number }>(),
    /** By room, where what is written is noted while unused nodes are being looked for. */
    private readonly reclaiming = new Map<number, NodeMarks>(),
  ) {}

  /** The nodes of one room. */
  nodesOf(roomNid: number): NodeSource {
    return {
      load: (root) => {
        if (root === EMPTY_ROOT) return EMPTY_NODE.node;
        return this.pending.get(root)?.node ?? this.cache.get(root) ?? this.#read(roomNid, root);
      },
    };
  }

  /** Makes new nodes readable at once, before they are committed. Call `settle` when the batch has succeeded or failed. */
  stage(nodes: readonly HashedNode[]): void {
    for (const { hash, node } of nodes) {
      const known = this.pending.get(hash);
      if (known === undefined) this.pending.set(hash, { node, batches: 1 });
      else known.batches++;
    }
  }

  settle(nodes: readonly HashedNode[], committed: boolean): void {
    for (const { hash, node, body } of nodes) {
      const known = this.pending.get(hash);
      if (known !== undefined && --known.batches === 0) this.pending.delete(hash);
      if (committed) this.cache.set(hash, node, 8 * body.length + 100);
    }
  }

  insert(batch: Batch, roomNid: number, nodes: readonly HashedNode[]): void {
    const reclaiming = this.reclaiming.get(roomNid);
    for (const { hash, body } of nodes) {
      reclaiming?.add(hash);
      batch.add(insertNode(roomNid, rootToBytes(hash), body));
    }
  }

  /** From now on notes what is written of a room: it is in use, whoever looked for it before. */
  watch(roomNid: number, marks: NodeMarks): void {
    if (this.reclaiming.has(roomNid)) throw new Error(`unused nodes of room ${roomNid} are being looked for already`);
    this.reclaiming.set(roomNid, marks);
  }

  unwatch(roomNid: number): void {
    this.reclaiming.delete(roomNid);
  }

  async #read(roomNid: number, root: StateRoot): Promise<StateNode> {
    const row = await this.reader.first(selectNode(roomNid, rootToBytes(root)));
    if (row === undefined) throw new Error(`state node ${root} of room ${roomNid} is missing`);
    const node = decodeNode(row.body);
    this.cache.set(root, node, 8 * row.body.length + 100);
    return node;
  }
}
