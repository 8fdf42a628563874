import type { ByteCache } from '#platform/cache/index.ts';
import { statement } from '#platform/storage/index.ts';
import type { Batch, Reader } from '#platform/storage/ports.ts';
import {
  applyChange,
  decodeNode,
  type HashedNode,
  rootToBytes,
  type StateNode,
  type StateRoot,
  sizeOf,
} from './node.ts';
import type { NodeMarks } from './node-marks.ts';
import { EMPTY_NODE, EMPTY_ROOT, type NodeSource } from './tree.ts';

const selectNode = statement<{ body: Uint8Array }>('select body from state_nodes where room_nid = ? and hash = ?');
const REWRITE = 'on conflict (room_nid, hash) do update set body = excluded.body';
const insertNode = statement(`insert into state_nodes (room_nid, hash, body) values (?, ?, ?) ${REWRITE}`);
// What it differs from may never have been stored, being a step on the way to a state, or have been deleted as unused. A node that
// is there already is stored whole: so nothing is ever stored as what differs from something newer, and there are no circles.
const insertEither = (type: string) =>
  statement(
    'insert into state_nodes (room_nid, hash, body) values (?, ?, ' +
      'case when exists (select 1 from state_nodes where room_nid = ? and hash = ?) ' +
      'and not exists (select 1 from state_nodes where room_nid = ? and hash = ?) ' +
      `then ?${type} else ?${type} end) ${REWRITE}`,
  );
const insertChange = { sqlite: insertEither(''), postgres: insertEither('::bytea') };

/**
 * State tree nodes on disk, by room and content, through a cache of a byte budget. A branch that differs little from an earlier one
 * is stored as what differs. Being keyed by room, a purged room's nodes
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
    for (const { hash, node } of nodes) {
      const known = this.pending.get(hash);
      if (known !== undefined && --known.batches === 0) this.pending.delete(hash);
      if (committed) this.cache.set(hash, node, sizeOf(node));
    }
  }

  insert(batch: Batch, roomNid: number, nodes: readonly HashedNode[]): void {
    const reclaiming = this.reclaiming.get(roomNid);
    for (const { hash, body, change } of nodes) {
      reclaiming?.add(hash);
      const address = [roomNid, rootToBytes(hash)] as const;
      // What it differs from may be about to be deleted.
      if (change === undefined || reclaiming !== undefined) batch.add(insertNode(...address, body));
      else {
        const insert = insertChange[this.reader.dialect];
        batch.add(insert(...address, roomNid, rootToBytes(change.base), ...address, change.body, body));
      }
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
    const stored = decodeNode(row.body);
    const node = stored.kind === 'change' ? applyChange(await this.nodesOf(roomNid).load(stored.base), stored) : stored;
    this.cache.set(root, node, sizeOf(node));
    return node;
  }
}
