import { ByteCache } from '#platform/cache/index.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { EventId } from '#protocol/identifiers/index.ts';
import {
  type ResolvedState,
  resolveForks,
  type StateMapKey,
  splitStateMapKey,
  stateMapKey,
} from '#protocol/state-resolution/index.ts';
import { Pacer } from './pacer.ts';
import { ResolutionReads, type ResolutionStores } from './resolution-reads.ts';
import type { RoomIdentity } from './room-directory.ts';
import type { HashedNode, StateRoot } from './state-tree/node.ts';
import { differencesOf, EMPTY_ROOT, keepReachable, type NodeSource, updateTree } from './state-tree/tree.ts';
import type { UncommittedEvents } from './uncommitted-events.ts';

/** A state that several forks come together in. */
export interface ResolvedRoot {
  readonly root: StateRoot;
  /** The nodes that may not be stored yet: whoever stores the root stores them too. */
  readonly nodes: readonly HashedNode[];
}

/** What one resolution was, for metrics. */
export interface ResolutionReport {
  readonly roomNid: number;
  readonly forks: number;
  readonly conflicts: number;
  readonly durationMs: number;
}

/** Steps between two looks at the clock. */
const STEPS = 256;
/** Results are kept because the events of a forked room meet the same forks again and again. */
const RESULTS_BYTES = 4 * 1024 * 1024;

/** The events of one entry, one for each fork. */
type Entry = (number | undefined)[];

/**
 * Resolves the states of forks, at a cost that follows what they differ in, letting the event loop turn.
 * https://spec.matrix.org/v1.19/server-server-api/#room-state-resolution
 */
export class StateResolver {
  readonly #results = new ByteCache<string, ResolvedRoot>('resolved-states', RESULTS_BYTES);

  constructor(
    private readonly stores: ResolutionStores,
    private readonly clock: Clock,
    private readonly onResolved?: (report: ResolutionReport) => void,
  ) {}

  /** The state of `room` after events with these states after them, whatever their order. No states: that of no room. */
  async resolve(
    room: RoomIdentity,
    states: readonly StateRoot[],
    uncommitted: UncommittedEvents,
  ): Promise<ResolvedRoot> {
    const roots = [...new Set(states)].sort();
    const [base] = roots;
    if (base === undefined) return { root: EMPTY_ROOT, nodes: [] };
    if (roots.length === 1) return { root: base, nodes: [] };
    const name = `${room.nid} ${roots.join(' ')}`;
    const known = this.#results.get(name);
    if (known !== undefined) return known;
    const resolved = await this.#resolve(room, base, roots, uncommitted);
    this.#results.set(
      name,
      resolved,
      resolved.nodes.reduce((bytes, { body }) => bytes + 10 * body.length + 200, 2 * name.length + 200),
    );
    return resolved;
  }

  async #resolve(
    room: RoomIdentity,
    base: StateRoot,
    roots: readonly StateRoot[],
    uncommitted: UncommittedEvents,
  ): Promise<ResolvedRoot> {
    const start = this.clock.monotonic();
    const pacer = new Pacer(this.clock);
    const reads = new ResolutionReads(this.stores, uncommitted, room, base);
    const entries = await this.#differences(room, roots, pacer);
    const keys = new Map<StateMapKey, number>();
    const forks = await this.#forksOf(entries, roots.length, { keys, reads, uncommitted, pacer });

    const resolution = resolveForks({
      rules: room.rules,
      forks,
      events: reads.events,
      authGraph: reads.authGraph,
      unconflicted: (type, stateKey) => reads.unconflicted(type, stateKey),
      citing: (eventId, after) => reads.citing(eventId, after),
    });
    let step = resolution.next();
    for (; !step.done; step = resolution.next()) {
      if (step.value.kind !== 'pause') await reads.answer(step.value);
      await pacer.turn();
    }
    const resolved = await this.#apply(room, base, step.value, { entries, keys, reads, pacer });
    this.onResolved?.({
      roomNid: room.nid,
      forks: roots.length,
      conflicts: entries.size,
      durationMs: this.clock.monotonic() - start,
    });
    return resolved;
  }

  /** The entries that not all states have alike, by key. */
  async #differences(room: RoomIdentity, roots: readonly StateRoot[], pacer: Pacer): Promise<Map<number, Entry>> {
    const source = this.stores.stateTrees.nodesOf(room.nid);
    const entries = new Map<number, Entry>();
    const [base] = roots;
    let steps = 0;
    for (const [index, root] of roots.entries()) {
      if (base === undefined || index === 0) continue;
      for await (const { key, before, after } of differencesOf(source, base, root)) {
        let entry = entries.get(key);
        if (entry === undefined) {
          // Every fork has what the base has, until it is seen to differ.
          entry = roots.map(() => before);
          entries.set(key, entry);
        }
        entry[index] = after;
        if (++steps % STEPS === 0) await pacer.turn();
      }
    }
    return entries;
  }

  async #forksOf(
    entries: ReadonlyMap<number, Entry>,
    count: number,
    {
      keys,
      reads,
      uncommitted,
      pacer,
    }: { keys: Map<StateMapKey, number>; reads: ResolutionReads; uncommitted: UncommittedEvents; pacer: Pacer },
  ): Promise<readonly ReadonlyMap<StateMapKey, EventId>[]> {
    const forks = Array.from({ length: count }, () => new Map<StateMapKey, EventId>());
    const all = [...entries];
    for (let at = 0; at < all.length; at += STEPS) {
      const part = all.slice(at, at + STEPS);
      const nids = new Set(part.flatMap(([, entry]) => entry.filter((nid) => nid !== undefined)));
      const events = await uncommitted.byNids([...nids]);
      for (const event of events.values()) reads.add(event);
      for (const [keyNid, entry] of part) {
        const key = stateMapKey(...(await this.stores.stateKeys.nameOf(keyNid)));
        keys.set(key, keyNid);
        for (const [index, nid] of entry.entries()) {
          if (nid === undefined) continue;
          const event = events.get(nid);
          if (event === undefined) throw new Error(`event ${nid} of a state has no row`);
          forks[index]!.set(key, event.eventId);
        }
      }
      await pacer.turn();
    }
    return forks;
  }

  /** The tree of the resolved state, from that of the base. */
  async #apply(
    room: RoomIdentity,
    base: StateRoot,
    resolved: ResolvedState,
    {
      entries,
      keys,
      reads,
      pacer,
    }: {
      entries: ReadonlyMap<number, Entry>;
      keys: ReadonlyMap<StateMapKey, number>;
      reads: ResolutionReads;
      pacer: Pacer;
    },
  ): Promise<ResolvedRoot> {
    const changes: [number, number | undefined][] = [];
    for (const [key, eventId] of resolved) {
      const keyNid = keys.get(key) ?? (await this.stores.stateKeys.intern(...splitStateMapKey(key)));
      const nid = eventId === undefined ? undefined : reads.nidOf(eventId);
      if (entries.get(keyNid)?.[0] !== nid || !entries.has(keyNid)) changes.push([keyNid, nid]);
    }
    const created = new Map<StateRoot, HashedNode>();
    const stored = this.stores.stateTrees.nodesOf(room.nid);
    const source: NodeSource = { load: (hash) => created.get(hash)?.node ?? stored.load(hash) };
    let root = base;
    for (let at = 0; at < changes.length; at += STEPS) {
      const next = await updateTree(source, root, new Map(changes.slice(at, at + STEPS)));
      for (const node of next.created) created.set(node.hash, node);
      root = next.root;
      await pacer.turn();
    }
    return { root, nodes: keepReachable(root, created) };
  }
}
