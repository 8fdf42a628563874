import type { RoomEvent } from '#protocol/events/index.ts';
import type { EventId } from '#protocol/identifiers/index.ts';
import {
  type AuthNode,
  type CitingEvent,
  type CitingPage,
  type Lookup,
  type ResolutionSources,
  type StateMapKey,
  type StateResolutionRequest,
  splitStateMapKey,
  stateMapKey,
} from '#protocol/state-resolution/index.ts';
import type { EventStore } from './event-store.ts';
import type { RoomIdentity } from './room-directory.ts';
import { CITING_PAGE, type StateAuthStore } from './state-auth-store.ts';
import type { StateRoot } from './state-tree/node.ts';
import type { StateKeyStore } from './state-tree/state-key-store.ts';
import type { StateTreeStore } from './state-tree/state-tree-store.ts';
import { getEntry } from './state-tree/tree.ts';
import type { StoredEvent } from './stored-event.ts';
import { EventStatus } from './tables.ts';
import type { UncommittedEvents } from './uncommitted-events.ts';

export interface ResolutionStores {
  readonly events: EventStore;
  readonly stateKeys: StateKeyStore;
  readonly stateTrees: StateTreeStore;
  readonly stateAuth: StateAuthStore;
}

/** What one resolution has asked for and been given. It stays in memory until the resolution is done. */
export class ResolutionReads implements ResolutionSources {
  readonly #events = new Map<EventId, RoomEvent>();
  readonly #nodes = new Map<EventId, AuthNode>();
  readonly #nids = new Map<EventId, number>();
  readonly #unconflicted = new Map<StateMapKey, EventId | undefined>();
  readonly #citing = new Map<string, readonly CitingEvent[]>();
  readonly events: Lookup<RoomEvent> = this.#events;
  readonly authGraph: Lookup<AuthNode> = this.#nodes;

  constructor(
    private readonly stores: ResolutionStores,
    private readonly uncommitted: UncommittedEvents,
    private readonly room: RoomIdentity,
    /** The state of any one fork. */
    private readonly base: StateRoot,
  ) {}

  unconflicted(type: string, stateKey: string): EventId | undefined {
    return this.#unconflicted.get(stateMapKey(type, stateKey));
  }

  citing(eventId: EventId, after: EventId | undefined): readonly CitingEvent[] {
    return this.#citing.get(pageName({ eventId, after })) ?? [];
  }

  nidOf(eventId: EventId): number {
    const nid = this.#nids.get(eventId);
    if (nid === undefined) throw new Error(`${eventId} took part in a resolution and was never loaded`);
    return nid;
  }

  /** Events that are known to take part. */
  add(event: StoredEvent): void {
    this.#nids.set(event.eventId, event.nid);
    // An event that was rejected counts as unknown: no state and no auth chain of an accepted event holds one.
    if (event.status === EventStatus.rejected || event.roomNid !== this.room.nid) return;
    this.#events.set(event.eventId, event.asSent);
    this.#nodes.set(event.eventId, nodeOf(event));
  }

  async answer(request: Exclude<StateResolutionRequest, { kind: 'pause' }>): Promise<void> {
    switch (request.kind) {
      case 'load':
        for (const event of (await this.uncommitted.find(request.eventIds)).values()) this.add(event);
        return;
      case 'load-auth-nodes':
        return this.#loadNodes(request.eventIds);
      case 'load-citing':
        await Promise.all(request.pages.map((page) => this.#loadCiting(page)));
        return;
      case 'look-up':
        return this.#lookUp(request.keys);
    }
  }

  async #loadNodes(eventIds: readonly EventId[]): Promise<void> {
    const missing: EventId[] = [];
    for (const eventId of eventIds) {
      if (this.#nodes.has(eventId)) continue;
      const event = this.uncommitted.get(eventId) ?? this.stores.events.peekById(eventId);
      if (event === undefined) missing.push(eventId);
      else if (event.status !== EventStatus.rejected) this.#addNode(event.nid, eventId, nodeOf(event));
    }
    for (const node of await this.stores.stateAuth.nodes(missing)) {
      if (!node.isRejected) this.#addNode(node.nid, node.eventId, node);
    }
  }

  async #loadCiting(page: CitingPage): Promise<void> {
    const { eventId, after } = page;
    const isFirst = after === undefined;
    const pending = isFirst ? this.#citingUncommitted(eventId) : [];
    // The events of a page that are not in the database come before those that are: after them there are none.
    const before = isFirst ? Number.MAX_SAFE_INTEGER : this.#nids.get(after);
    const nid = this.#nids.get(eventId);
    const rows = nid === undefined || before === undefined ? [] : await this.stores.stateAuth.citing(nid, before);
    const found: CitingEvent[] = [...pending];
    for (const row of rows) {
      this.#nids.set(row.event_id, row.event_nid);
      if (pending.some((by) => by.eventId === row.event_id)) continue;
      found.push({ eventId: row.event_id, type: row.type, stateKey: row.state_key });
    }
    // A page of events that were all known above is not the end.
    if (found.length === 0 && rows.length === CITING_PAGE) {
      const last = rows.at(-1)!;
      found.push({ eventId: last.event_id, type: last.type, stateKey: last.state_key });
    }
    this.#citing.set(pageName(page), found);
  }

  #citingUncommitted(eventId: EventId): CitingEvent[] {
    const found: CitingEvent[] = [];
    for (const event of this.uncommitted.values()) {
      if (event.stateKey === undefined || event.status === EventStatus.rejected) continue;
      if (!event.authEventIds.includes(eventId)) continue;
      this.#nids.set(event.eventId, event.nid);
      found.push({ eventId: event.eventId, type: event.type, stateKey: event.stateKey });
    }
    return found;
  }

  async #lookUp(keys: readonly StateMapKey[]): Promise<void> {
    const nids = new Map<StateMapKey, number>();
    for (const key of keys) {
      if (this.#unconflicted.has(key)) continue;
      const keyNid = await this.stores.stateKeys.find(...splitStateMapKey(key));
      const source = this.stores.stateTrees.nodesOf(this.room.nid);
      const nid = keyNid === undefined ? undefined : await getEntry(source, this.base, keyNid);
      if (nid === undefined) this.#unconflicted.set(key, undefined);
      else nids.set(key, nid);
    }
    const events = await this.uncommitted.byNids([...nids.values()]);
    for (const [key, nid] of nids) {
      const event = events.get(nid);
      if (event === undefined) throw new Error(`event ${nid} of a state has no row`);
      this.#nids.set(event.eventId, nid);
      this.#unconflicted.set(key, event.eventId);
    }
  }

  #addNode(nid: number, eventId: EventId, node: AuthNode): void {
    this.#nids.set(eventId, nid);
    this.#nodes.set(eventId, node);
  }
}

function nodeOf(event: StoredEvent): AuthNode {
  const { type, stateKey, authEventIds, authRank = 0 } = event;
  return { type, stateKey, authEventIds, authRank };
}

function pageName({ eventId, after }: CitingPage): string {
  return `${eventId} ${after ?? ''}`;
}
