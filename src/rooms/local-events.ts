import type { Sequences } from '#platform/storage/ports.ts';
import type { StreamBatch } from '#platform/streams/ports.ts';
import type { JsonObject } from '#protocol/json.ts';
import { authRank } from '#protocol/state-resolution/index.ts';
import { changeByRedaction, contributionsOf } from './contributions.ts';
import type { SignedEvent, Signer } from './create-event.ts';
import type { Contribution, CurrentStateChange, Draft, EventHook } from './draft.ts';
import { newestExtremities } from './forward-extremities.ts';
import type { Extremity, HotRoom } from './hot-room.ts';
import { Pacer } from './pacer.ts';
import {
  type EntryChange,
  isLocalTo,
  type PendingEvent,
  type PersistStores,
  persistEvent,
  redactionTarget,
  unsignedOf,
} from './persist.ts';
import type { RoomEnds } from './persist-received.ts';
import type { RoomIdentity } from './room-directory.ts';
import type { ResolvedRoot } from './state-resolver.ts';
import { type HashedNode, rootToBytes } from './state-tree/node.ts';
import type { StateKeyStore } from './state-tree/state-key-store.ts';
import { updateTree } from './state-tree/tree.ts';
import { entryChangesOf, type StateChange } from './state-view.ts';
import type { NewEventRow, StoredEvent } from './stored-event.ts';
import { EventStatus } from './tables.ts';
import type { UncommittedEvents } from './uncommitted-events.ts';

export interface LocalStores extends PersistStores {
  readonly sequences: Sequences;
  readonly stateKeys: StateKeyStore;
}

/** One event of a batch under way. */
export interface Step {
  readonly pending: PendingEvent;
  /** Without its position until it is in the batch, which gives it. */
  readonly event: StoredEvent;
  readonly previous: readonly Extremity[];
  readonly contributions: Contribution[];
  /** What it redacts, as it is then. */
  readonly redacted: StoredEvent | undefined;
}

/** A batch of local events that leaves other extremities beside it, and so a state that had to be resolved. */
export interface Beside {
  readonly before: RoomEnds;
  readonly after: RoomEnds;
  readonly nodes: readonly HashedNode[];
  readonly changes: readonly EntryChange[];
}

/**
 * Moves the room past events that were built on `base`, which stands on the newest of its extremities. What they change is
 * known only now: so slices are asked here, for what changes with the last of them.
 */
export async function moveBeside(
  { room, base, steps }: { readonly room: HotRoom; readonly base: HotRoom; readonly steps: readonly Step[] },
  resolve: (extremities: readonly Extremity[]) => Promise<ResolvedRoot>,
  uncommitted: UncommittedEvents,
  stores: LocalStores & { readonly signer: Signer; readonly hooks: readonly EventHook[] },
): Promise<Beside> {
  const before: RoomEnds = { root: room.root, extremities: room.extremities };
  const followed = new Set(newestExtremities(room.extremities));
  const extremities = [...room.extremities.filter((extremity) => !followed.has(extremity)), ...base.extremities];
  const { root, nodes } = await resolve(extremities);
  const roots = { before: room.root, after: root };
  const changes = await entryChangesOf(stores, room.identity.nid, roots, uncommitted, new Pacer(stores.signer.clock));
  for (const [index, { event, redacted, contributions }] of steps.entries()) {
    const place = { isInForce: !event.isState || changes.some(({ after }) => after?.nid === event.nid), redacted };
    const derived = await changeByRedaction(redacted, room);
    if (index === steps.length - 1) derived.push(...changes);
    contributions.push(...(await contributionsOf(stores.hooks, event, room, place, derived)));
  }
  room.replaceState(root, extremities, changes, isLocalTo(stores.serverName));
  for (const { redacted } of steps) if (redacted !== undefined) room.redact(redacted);
  return { before, after: { root, extremities }, nodes, changes };
}

/** Gives a signed event its row, and what it changes. */
export function prepareLocal(
  draft: Draft,
  signed: SignedEvent,
  room: HotRoom,
  stores: LocalStores,
): PendingEvent | Promise<PendingEvent> {
  const row = {
    event_nid: stores.sequences.next('event'),
    event_id: signed.eventId,
    room_nid: room.identity.nid,
    depth: signed.depth,
    type: draft.type,
    state_key: draft.stateKey ?? null,
    sender: draft.sender,
    origin_server_ts: signed.originServerTs,
    status: EventStatus.normal,
    state_before: room.rootBytes,
    state_after: null,
    redacted_by: null,
    content: signed.contentText,
    rest: signed.rest,
    unsigned: null,
    auth_rank: draft.stateKey === undefined ? null : authRank(signed.authEvents.map((by) => by.authRank ?? 0)),
  } satisfies NewEventRow;
  if (draft.stateKey !== undefined) return prepareState(row, draft.stateKey, signed, room, stores);
  const pending = { row, authNids: [], nodes: [], change: undefined, redactsNow: undefined };
  if (draft.redacts === undefined) return pending;
  const target = redactionTarget({ redacts: draft.redacts, sender: draft.sender }, room, stores.events);
  return target.then((redactsNow) => ({ ...pending, redactsNow }));
}

async function prepareState(
  row: NewEventRow,
  stateKey: string,
  signed: SignedEvent,
  room: HotRoom,
  { stateKeys, stateTrees }: LocalStores,
): Promise<PendingEvent> {
  const stateKeyNid = await stateKeys.intern(row.type, stateKey);
  const previous = await room.state.get(row.type, stateKey);
  const nodes = stateTrees.nodesOf(room.identity.nid);
  const next = await updateTree(nodes, room.root, new Map([[stateKeyNid, row.event_nid]]));
  const unsigned: JsonObject | undefined = unsignedOf(previous);
  return {
    row: {
      ...row,
      state_after: rootToBytes(next.root),
      unsigned: unsigned === undefined ? null : JSON.stringify(unsigned),
    },
    authNids: signed.authEvents.map(({ nid }) => nid),
    nodes: next.created,
    change: { stateKeyNid, previous },
    redactsNow: undefined,
  };
}

export function persistStep(batch: StreamBatch, step: Step, stores: PersistStores, isAlone: boolean): StoredEvent {
  const { pending, event, previous, contributions } = step;
  event.place(batch.nextPosition());
  persistEvent(batch, pending, event, previous, stores, isAlone);
  for (const contribution of contributions) contribution(batch, event);
  return event;
}

/** The events, and what they redact. */
export function eventsOf(steps: readonly Step[]): StoredEvent[] {
  return steps.flatMap(({ event, redacted }) => (redacted === undefined ? event : [event, redacted]));
}

/** What an event that nothing comes between changes of the state. */
export function changeOf(event: StoredEvent, { change }: PendingEvent): StateChange[] {
  const { type, stateKey } = event;
  if (stateKey === undefined || change === undefined) return [];
  return [{ type, stateKey, before: change.previous, after: event }];
}

/** The change of the current state that a local event makes. */
export function changeBy(event: StoredEvent, { pending }: Step, room: RoomIdentity): CurrentStateChange[] {
  const { type, stateKey, position } = event;
  if (stateKey === undefined || position === undefined || pending.change === undefined) return [];
  return [{ room, type, stateKey, position, before: pending.change.previous, after: event }];
}

/** Where a room's ends are once the events of a batch have each replaced the extremities it follows. */
export function endsWithin({ before, after }: Beside, steps: readonly Step[]): RoomEnds {
  const first = new Set(steps[0]?.previous ?? []);
  const others = before.extremities.filter((extremity) => !first.has(extremity));
  return { root: before.root, extremities: [...others, after.extremities.at(-1)!] };
}
