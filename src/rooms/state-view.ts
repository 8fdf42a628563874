import type { EventStore } from './event-store.ts';
import type { Pacer } from './pacer.ts';
import type { RoomIdentity } from './room-directory.ts';
import { isApart, type Leaf, type StateRoot } from './state-tree/node.ts';
import type { StateKeyStore } from './state-tree/state-key-store.ts';
import type { StateTreeStore } from './state-tree/state-tree-store.ts';
import {
  differencesOf,
  entriesApart,
  entriesOf,
  getEntry,
  type NodeSource,
  type StateDifference,
} from './state-tree/tree.ts';
import type { StoredEvent } from './stored-event.ts';

export type StatePair = readonly [type: string, stateKey: string];

/** One entry that differs between two states, by event. */
export interface StateChange {
  readonly type: string;
  readonly stateKey: string;
  readonly before: StoredEvent | undefined;
  readonly after: StoredEvent | undefined;
}

export interface StateStores {
  readonly events: EventStore;
  readonly stateKeys: StateKeyStore;
  readonly stateTrees: StateTreeStore;
}

/** Beyond this many remembered entries a view starts anew: a long-lived view must not grow to the whole room. */
const REMEMBERED_MAX = 2048;
/** Changes read at a time. */
const PART = 256;
const MEMBER = 'm.room.member';

/** The state of a room at one root. Entries are looked up as they are asked for, and remembered. */
export class StateView {
  readonly #entries: Map<string, StoredEvent | undefined>;

  constructor(
    private readonly stores: StateStores,
    readonly room: RoomIdentity,
    readonly root: StateRoot,
    remembered?: Map<string, StoredEvent | undefined>,
  ) {
    this.#entries = remembered ?? new Map();
  }

  /** The event of an entry, at once where it is remembered. */
  get(type: string, stateKey = ''): StoredEvent | undefined | Promise<StoredEvent | undefined> {
    const name = `${type}\u0000${stateKey}`;
    return this.#entries.has(name) ? this.#entries.get(name) : this.#load(type, stateKey, name);
  }

  /** At once: `undefined` also for what has not been looked up yet. */
  peek(type: string, stateKey = ''): StoredEvent | undefined {
    return this.#entries.get(`${type}\u0000${stateKey}`);
  }

  /** Looks up several entries, so that `peek` answers them. */
  async preload(pairs: readonly StatePair[]): Promise<void> {
    for (const [type, stateKey] of pairs) {
      const found = this.get(type, stateKey);
      if (found instanceof Promise) await found;
    }
  }

  /** Every state event, or those of one type. */
  async all(type?: string): Promise<StoredEvent[]> {
    const { stateKeys } = this.stores;
    if (type === undefined) return this.#events(entriesOf(this.#nodes, this.root), () => true);
    const isOfType = async (key: number) => (await stateKeys.nameOf(key))[0] === type;
    if (!(await stateKeys.keepsApart())) return this.#events(entriesOf(this.#nodes, this.root), isOfType);
    if (type === MEMBER) return this.#events(entriesOf(this.#nodes, this.root), (key) => !isApart(key));
    return this.#events(entriesApart(this.#nodes, this.root), isOfType);
  }

  /**
   * Every state event but those of members, and of the members these: what a client that loads members lazily begins with. The
   * cost follows what is answered, however many members there are.
   * https://spec.matrix.org/v1.19/client-server-api/#lazy-loading-room-members
   */
  async lazyLoaded(userIds: Iterable<string>): Promise<StoredEvent[]> {
    const { stateKeys } = this.stores;
    const events = (await stateKeys.keepsApart())
      ? await this.#events(entriesApart(this.#nodes, this.root), () => true)
      : await this.#events(
          entriesOf(this.#nodes, this.root),
          async (key) => (await stateKeys.nameOf(key))[0] !== MEMBER,
        );
    for (const userId of new Set(userIds)) {
      const member = await this.get(MEMBER, userId);
      if (member !== undefined) events.push(member);
    }
    return events;
  }

  async #events(
    leaves: AsyncIterable<Leaf>,
    passes: (key: number) => boolean | Promise<boolean>,
  ): Promise<StoredEvent[]> {
    const nids: number[] = [];
    for await (const { keys, events } of leaves) {
      for (const [index, key] of keys.entries()) {
        const verdict = passes(key);
        if (verdict === true || (verdict !== false && (await verdict))) nids.push(events[index]!);
      }
    }
    const found = await this.stores.events.byNids(nids);
    return nids.map((nid) => found.get(nid)!);
  }

  get #nodes(): NodeSource {
    return this.stores.stateTrees.nodesOf(this.room.nid);
  }

  /** The entries that differ from this state to a later one, at a cost that follows the difference. */
  async changesTo(later: StateRoot): Promise<StateChange[]> {
    const changes: StateChange[] = [];
    for await (const { key, before, after } of differencesOf(this.#nodes, this.root, later)) {
      const [type, stateKey] = await this.stores.stateKeys.nameOf(key);
      changes.push({
        type,
        stateKey,
        before: before === undefined ? undefined : await this.stores.events.byNid(before),
        after: after === undefined ? undefined : await this.stores.events.byNid(after),
      });
    }
    return changes;
  }

  /** The view after one entry has changed, keeping what is remembered. This view must not be used any more. */
  with(root: StateRoot, event: StoredEvent): StateView {
    const entries = this.#entries.size > REMEMBERED_MAX ? new Map<string, StoredEvent | undefined>() : this.#entries;
    entries.set(`${event.type}\u0000${event.stateKey}`, event);
    return new StateView(this.stores, this.room, root, entries);
  }

  /** As `with`, after several entries have changed. */
  withChanges(root: StateRoot, changes: readonly StateChange[]): StateView {
    const isFull = this.#entries.size + changes.length > REMEMBERED_MAX;
    const entries = isFull ? new Map<string, StoredEvent | undefined>() : this.#entries;
    if (!isFull) for (const { type, stateKey, after } of changes) entries.set(`${type}\u0000${stateKey}`, after);
    return new StateView(this.stores, this.room, root, entries);
  }

  async #load(type: string, stateKey: string, name: string): Promise<StoredEvent | undefined> {
    const key = await this.stores.stateKeys.find(type, stateKey);
    const nid = key === undefined ? undefined : await getEntry(this.#nodes, this.root, key);
    const event = nid === undefined ? undefined : await this.stores.events.byNid(nid);
    this.#entries.set(name, event);
    return event;
  }
}

/** As `StateView.changesTo`, with the interned key of each entry, and events that may not be stored yet. */
export async function entryChangesOf(
  stores: Pick<StateStores, 'stateKeys' | 'stateTrees'>,
  roomNid: number,
  roots: { readonly before: StateRoot; readonly after: StateRoot },
  events: { byNids(nids: readonly number[]): Promise<Map<number, StoredEvent>> },
  pacer: Pacer,
): Promise<(StateChange & { readonly stateKeyNid: number })[]> {
  const differences: StateDifference[] = [];
  for await (const difference of differencesOf(stores.stateTrees.nodesOf(roomNid), roots.before, roots.after)) {
    differences.push(difference);
    if (differences.length % PART === 0) await pacer.turn();
  }
  const changes: (StateChange & { readonly stateKeyNid: number })[] = [];
  for (let at = 0; at < differences.length; at += PART) {
    const part = differences.slice(at, at + PART);
    const nids = part.flatMap(({ before, after }) => [before, after]).filter((nid) => nid !== undefined);
    const found = await events.byNids(nids);
    for (const { key, before, after } of part) {
      const [type, stateKey] = await stores.stateKeys.nameOf(key);
      const eventOf = (nid: number | undefined) => (nid === undefined ? undefined : found.get(nid));
      changes.push({ stateKeyNid: key, type, stateKey, before: eventOf(before), after: eventOf(after) });
    }
    await pacer.turn();
  }
  return changes;
}
