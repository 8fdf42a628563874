import type { Clock } from '#platform/clock/index.ts';
import type { Sequences } from '#platform/storage/ports.ts';
import { canRedact } from '#protocol/event-auth/index.ts';
import type { RoomEvent } from '#protocol/events/index.ts';
import type { EventId } from '#protocol/identifiers/index.ts';
import { readPowerLevels } from '#protocol/power-levels/index.ts';
import { authEventIdsOf, authorizeByAuthEvents, authorizeByState } from './authorize-received.ts';
import { changeByRedaction, contributionsOf, redactedBy } from './contributions.ts';
import type { EventHook } from './draft.ts';
import { extremitiesAfter } from './forward-extremities.ts';
import type { HotRoom } from './hot-room.ts';
import type { CheckedEvent, ReceiptVerdict } from './incoming-pdu.ts';
import { Pacer } from './pacer.ts';
import {
  type EntryChange,
  extremityOf,
  isLocalTo,
  type PersistStores,
  type RedactionInForce,
  redactionTarget,
  unsignedOf,
} from './persist.ts';
import { NOWHERE, newStep, type Place, type ReceivedStep } from './received-step.ts';
import type { RedactionStore } from './redaction-store.ts';
import type { RoomIdentity } from './room-directory.ts';
import type { StateResolver } from './state-resolver.ts';
import { type HashedNode, rootToBytes, type StateRoot } from './state-tree/node.ts';
import type { StateKeyStore } from './state-tree/state-key-store.ts';
import { EMPTY_ROOT, updateTree } from './state-tree/tree.ts';
import { entryChangesOf, type StateView } from './state-view.ts';
import type { StoredEvent } from './stored-event.ts';
import { EventStatus } from './tables.ts';
import type { UncommittedEvents } from './uncommitted-events.ts';

export interface ReceptionStores extends PersistStores {
  readonly sequences: Sequences;
  readonly stateKeys: StateKeyStore;
  readonly resolver: StateResolver;
  readonly redactions: RedactionStore;
  readonly stateAt: (room: RoomIdentity, root: StateRoot) => StateView;
  readonly hooks: readonly EventHook[];
  readonly signer: { readonly clock: Clock };
}

/** As `ReceiptVerdict`, before it is stored: `event` has no position yet. */
export type Outcome = ReceiptVerdict;

/** The states of one reception that are kept at hand. */
const VIEWS_MAX = 50;
/**
 * Takes checked events into a room, one after the other, within the room's queue: auth by auth events, by the state before,
 * by the current state; then the state after, the extremities and the current state. Gathers what is to be stored.
 * https://spec.matrix.org/v1.19/server-server-api/#checks-performed-on-receipt-of-a-pdu
 */
export class Reception {
  readonly steps: ReceivedStep[] = [];
  /** Nodes that have been staged on the way. */
  readonly staged: HashedNode[] = [];
  /** Events that count as uncommitted from here on. */
  readonly noted: StoredEvent[] = [];
  readonly #views = new Map<StateRoot, StateView>();
  readonly #pacer: Pacer;

  constructor(
    private readonly stores: ReceptionStores,
    private readonly room: HotRoom,
    private readonly uncommitted: UncommittedEvents,
  ) {
    this.#pacer = new Pacer(stores.signer.clock);
  }

  /** Takes in an auth event that has no place in the room of its own, unless it is known or lacks auth events itself. */
  async addOutlier(event: RoomEvent): Promise<void> {
    if ((await this.#find([event.eventId])).size > 0) return;
    const authEvents = await this.#find(authEventIdsOf(event, this.room.identity.rules));
    if (authEventIdsOf(event, this.room.identity.rules).some((eventId) => !authEvents.has(eventId))) return;
    const verdict = authorizeByAuthEvents(event, authEvents, this.room.identity.rules);
    const status = verdict.allowed ? EventStatus.outlier : EventStatus.rejected;
    const place = { ...NOWHERE, status, redacted_by: verdict.allowed ? await this.#redactionOf(event) : null };
    this.#add(this.#step(event, undefined, authEvents, place));
    await this.#pacer.turn();
  }

  async add({ event, refusal }: CheckedEvent): Promise<Outcome> {
    await this.#pacer.turn();
    const { identity } = this.room;
    const { rules } = identity;
    const { eventId } = event;
    const existing = (await this.#find([eventId])).get(eventId);
    if (existing !== undefined && existing.roomNid !== identity.nid) {
      return { kind: 'dropped', eventId, reason: 'another room has an event of this id' };
    }
    if (existing?.stateBefore !== undefined) return { kind: 'known', event: existing };

    const previous = await this.#find(event.prevEventIds);
    const missing = event.prevEventIds.filter((id) => previous.get(id)?.stateAfter === undefined);
    if (missing.length > 0) return { kind: 'missing', eventId, of: 'prev_events', missing };
    if ([...previous.values()].some(({ roomNid }) => roomNid !== identity.nid)) {
      return { kind: 'dropped', eventId, reason: 'it follows an event of another room' };
    }
    const authIds = authEventIdsOf(event, rules);
    const authEvents = await this.#find(authIds);
    const unknown = authIds.filter((id) => !authEvents.has(id));
    if (unknown.length > 0) return { kind: 'missing', eventId, of: 'auth_events', missing: unknown };

    const before = await this.#resolve([...previous.values()].map(({ stateAfter }) => stateAfter ?? EMPTY_ROOT));
    const view = this.#viewAt(before.root);
    const reason = await this.#rejection(event, authEvents, view, existing);
    if (reason !== undefined) {
      const place = { ...NOWHERE, status: EventStatus.rejected, state_before: rootToBytes(before.root) };
      const step = this.#step(event, existing, authEvents, place, { nodes: before.nodes });
      this.#add(step);
      return { kind: 'rejected', event: step.event, reason };
    }
    const softFailure = (await this.#softFailure(event, before.root)) ?? refusal;
    return this.#place(event, { existing, authEvents, before, view, softFailure });
  }

  async #rejection(
    event: RoomEvent,
    authEvents: ReadonlyMap<EventId, StoredEvent>,
    before: StateView,
    existing: StoredEvent | undefined,
  ): Promise<string | undefined> {
    const { rules } = this.room.identity;
    if (existing?.status === EventStatus.rejected) return 'it was rejected before';
    if (event.type === 'm.room.create' && this.room.root !== EMPTY_ROOT) return 'the room has been created before';
    const byAuthEvents = authorizeByAuthEvents(event, authEvents, rules);
    if (!byAuthEvents.allowed) return byAuthEvents.reason;
    const byState = await authorizeByState(event, before, rules);
    return byState.allowed ? undefined : byState.reason;
  }

  async #softFailure(event: RoomEvent, before: StateRoot): Promise<string | undefined> {
    if (before === this.room.root) return undefined;
    const verdict = await authorizeByState(event, this.room.state, this.room.identity.rules);
    return verdict.allowed ? undefined : verdict.reason;
  }

  /** Gives an event that was not rejected its states, and, unless it failed softly, its place in the timeline. */
  async #place(
    event: RoomEvent,
    about: {
      readonly existing: StoredEvent | undefined;
      readonly authEvents: ReadonlyMap<EventId, StoredEvent>;
      readonly before: { readonly root: StateRoot; readonly nodes: readonly HashedNode[] };
      readonly view: StateView;
      readonly softFailure: string | undefined;
    },
  ): Promise<Outcome> {
    const { existing, authEvents, before, view, softFailure } = about;
    const nid = existing?.nid ?? this.stores.sequences.next('event');
    const after = await this.#stateAfter(event, nid, before.root);
    const replaced = event.stateKey === undefined ? undefined : await view.get(event.type, event.stateKey);
    const unsigned = unsignedOf(replaced);
    const place: Place = {
      status: softFailure === undefined ? EventStatus.normal : EventStatus.softFailed,
      state_before: rootToBytes(before.root),
      state_after: after.root === before.root ? null : rootToBytes(after.root),
      redacted_by: await this.#redactionOf(event),
      unsigned: unsigned === undefined ? null : JSON.stringify(unsigned),
    };
    const nodes = [...before.nodes, ...after.nodes];
    const draft = this.#step(event, existing, authEvents, place, { nid, nodes });
    // State trees name it from here on, and hooks and views look it up.
    if (draft.event.isState) this.stores.events.stage(draft.event);
    if (softFailure !== undefined) {
      this.#add(draft);
      return { kind: 'soft-failed', event: draft.event, reason: softFailure };
    }
    this.#note(draft.event);
    const redactsNow = await this.#redacts(draft.event, view);
    this.steps.push(await this.#move({ ...draft, redactsNow }));
    return { kind: 'accepted', event: draft.event };
  }

  /** Moves the room past an accepted event. */
  async #move(step: ReceivedStep): Promise<ReceivedStep> {
    const { room } = this;
    const { event } = step;
    const isLocal = isLocalTo(this.stores.serverName);
    const redacted = redactedBy(event, step.redactsNow);
    // It may come into force by this very event.
    if (redacted !== undefined) this.#note(redacted);
    const extremities = await extremitiesAfter(event, room.extremities, (ids) => this.#find(ids));
    const current = await this.#resolve(extremities.map(({ state }) => state));
    const changes = await this.#changes(room.root, current.root);
    const place = { isInForce: !event.isState || changes.some(({ after }) => after?.nid === event.nid), redacted };
    const isChanged = changes.some(({ type, stateKey }) => type === redacted?.type && stateKey === redacted.stateKey);
    const derived = isChanged ? changes : [...changes, ...(await changeByRedaction(redacted, room))];
    const contributions = await contributionsOf(this.stores.hooks, event, room, place, derived);
    const isOnTop = extremities.length === 1 && changes.every(({ after }) => after?.nid === event.nid);
    if (isOnTop) room.advance(event, extremityOf(event), isLocal);
    else room.replaceState(current.root, extremities, changes, isLocal);
    if (redacted !== undefined) room.redact(redacted);
    return { ...step, nodes: [...step.nodes, ...current.nodes], changes, contributions };
  }

  async #changes(before: StateRoot, after: StateRoot): Promise<EntryChange[]> {
    if (before === after) return [];
    const { nid } = this.room.identity;
    return entryChangesOf(this.stores, nid, { before, after }, this.uncommitted, this.#pacer);
  }

  async #stateAfter(event: RoomEvent, nid: number, before: StateRoot) {
    if (event.stateKey === undefined) return { root: before, nodes: [] };
    const { stateKeys, stateTrees } = this.stores;
    const key = await stateKeys.intern(event.type, event.stateKey);
    const next = await updateTree(stateTrees.nodesOf(this.room.identity.nid), before, new Map([[key, nid]]));
    this.#stage(next.created);
    return { root: next.root, nodes: next.created };
  }

  async #resolve(states: readonly StateRoot[]) {
    const resolved = await this.stores.resolver.resolve(this.room.identity, states, this.uncommitted);
    this.#stage(resolved.nodes);
    return resolved;
  }

  /** The redaction of this event that came before it, if its sender may. */
  async #redactionOf(event: RoomEvent): Promise<EventId | null> {
    const { identity } = this.room;
    const nids = await this.stores.redactions.naming(event.eventId, identity.nid);
    const stored = await this.uncommitted.byNids(nids);
    const ofThisCall = this.steps.map((step) => step.event).filter(({ redacts }) => redacts === event.eventId);
    for (const redaction of [...nids.map((nid) => stored.get(nid)), ...ofThisCall]) {
      if (redaction?.status !== EventStatus.normal || redaction.stateBefore === undefined) continue;
      const powerLevels = await this.#powerLevels(this.#viewAt(redaction.stateBefore));
      if (canRedact(powerLevels, redaction, event, identity.rules)) return redaction.eventId;
    }
    return null;
  }

  /** What an accepted redaction redacts at once. */
  async #redacts(event: StoredEvent, before: StateView): Promise<RedactionInForce | undefined> {
    if (event.redacts === undefined) return undefined;
    const events = {
      byId: async (eventId: EventId) => (await this.#find([eventId])).get(eventId),
      byNid: async (nid: number) => (await this.uncommitted.byNids([nid])).get(nid)!,
    };
    return redactionTarget(event, this.room, events, await this.#powerLevels(before));
  }

  async #powerLevels(view: StateView) {
    const create = (await view.get('m.room.create'))?.asSent;
    return readPowerLevels((await view.get('m.room.power_levels'))?.asSent, create, this.room.identity.rules);
  }

  #step(
    event: RoomEvent,
    existing: StoredEvent | undefined,
    authEvents: ReadonlyMap<EventId, StoredEvent>,
    place: Place,
    { nid, nodes = [] }: { readonly nid?: number; readonly nodes?: readonly HashedNode[] } = {},
  ): ReceivedStep {
    const eventNid = nid ?? existing?.nid ?? this.stores.sequences.next('event');
    return newStep(event, this.room.identity, {
      eventNid,
      isReplacing: existing !== undefined,
      authEvents,
      place,
      nodes,
    });
  }

  #add(step: ReceivedStep): void {
    this.steps.push(step);
    this.#note(step.event);
  }

  #note(event: StoredEvent): void {
    this.noted.push(event);
    this.uncommitted.add(event);
  }

  #stage(nodes: readonly HashedNode[]): void {
    this.stores.stateTrees.stage(nodes);
    this.staged.push(...nodes);
  }

  #find(eventIds: readonly EventId[]): Promise<Map<EventId, StoredEvent>> {
    return this.uncommitted.find(eventIds);
  }

  #viewAt(root: StateRoot): StateView {
    if (root === this.room.root) return this.room.state;
    let view = this.#views.get(root);
    if (view === undefined) {
      view = this.stores.stateAt(this.room.identity, root);
      if (this.#views.size >= VIEWS_MAX) this.#views.clear();
      this.#views.set(root, view);
    }
    return view;
  }
}
