import type { UserId } from '#protocol/identifiers/index.ts';
import {
  type CurrentState,
  type EventStore,
  filterEvents,
  type RelationsOf,
  type RoomIdentity,
  type StateDeltaStore,
  type StoredEvent,
} from '#rooms/index.ts';
import type { ChangeTracker } from './change-tracker.ts';
import type { LazyMembers } from './lazy-members.ts';
import type { SyncRequest } from './sync-request.ts';

export interface StateStoresForSync {
  readonly current: CurrentState;
  readonly events: EventStore;
  readonly deltas: StateDeltaStore;
  readonly lazyMembers: LazyMembers;
  readonly tracker: ChangeTracker;
  readonly relationsOf: RelationsOf;
}

export interface StateQuery {
  readonly room: RoomIdentity;
  readonly request: SyncRequest;
  /** From where the client knows the state; absent: it knows nothing of the room. */
  readonly since: number | undefined;
  readonly upTo: number;
  readonly timeline: readonly StoredEvent[];
  /** Members whom lazy loading includes besides the senders of the timeline. */
  readonly heroes: readonly UserId[];
  /** For a room that the user has left: the event with which they did. */
  readonly until?: StoredEvent | undefined;
}

/**
 * The `state` section of a room: what changed between `since` and the start of the timeline, or all of it. With
 * `state_after`, the same up to the end of the timeline.
 */
export async function readState(query: StateQuery, stores: StateStoresForSync): Promise<StoredEvent[]> {
  const { request, since } = query;
  const whole = since === undefined || request.fullState;
  const events = whole ? await wholeState(query, stores) : await changedState(query, stores);
  return filterEvents(request.filter.state, events, (event) => event, stores.relationsOf);
}

async function wholeState(query: StateQuery, stores: StateStoresForSync): Promise<StoredEvent[]> {
  const view = await viewOf(query, stores);
  if (view === undefined) return [];
  const { request, timeline, heroes } = query;
  if (!request.filter.lazyLoadMembers) return view.all();
  const wanted = new Set<string>([...timeline.map((event) => event.sender), ...heroes, request.userId]);
  const kept = await view.allBut('m.room.member');
  for (const userId of wanted) {
    const member = await view.get('m.room.member', userId);
    if (member !== undefined) kept.push(member);
  }
  stores.lazyMembers.remember(deviceKey(request), query.room.nid, kept, query.upTo);
  return kept;
}

async function changedState(query: StateQuery, stores: StateStoresForSync): Promise<StoredEvent[]> {
  const { room, request, timeline, since = 0 } = query;
  const first = timeline[0];
  const end = query.until?.position ?? query.upTo;
  const upTo = request.stateAfterKey === undefined && first?.position !== undefined ? first.position - 1 : end;
  const deltas = stores.tracker.states.hasChanged(room.roomId, since)
    ? await stores.deltas.between(room.nid, since, upTo)
    : [];
  const nids = deltas.map((delta) => delta.eventNid).filter((nid) => nid !== undefined);
  const changed = nids.length === 0 ? [] : [...(await stores.events.byNids(nids)).values()];
  if (!request.filter.lazyLoadMembers) return changed;
  const senders = new Set<string>(timeline.map((event) => event.sender));
  const relevant = changed.filter(
    (event) =>
      event.type !== 'm.room.member' ||
      request.stateAfterKey !== undefined ||
      senders.has(event.stateKey ?? '') ||
      event.stateKey === request.userId,
  );
  return [...relevant, ...(await lazyMembers(query, relevant, senders, stores))];
}

/** Member events of the timeline's senders and the heroes that the client may not have. */
async function lazyMembers(
  query: StateQuery,
  changed: readonly StoredEvent[],
  senders: ReadonlySet<string>,
  stores: StateStoresForSync,
): Promise<StoredEvent[]> {
  const { room, request, timeline, heroes, since = 0 } = query;
  const told = new Set(changed.filter((event) => event.type === 'm.room.member').map((event) => event.stateKey));
  const view = await viewOf(query, stores);
  const members: StoredEvent[] = [];
  for (const userId of new Set<string>([...senders, ...heroes])) {
    const member = told.has(userId) ? undefined : await view?.get('m.room.member', userId);
    if (member !== undefined) members.push(member);
  }
  const device = deviceKey(request);
  const missing = request.filter.includeRedundantMembers
    ? members
    : stores.lazyMembers.missing(device, room.nid, members, since);
  stores.lazyMembers.remember(device, room.nid, [...changed, ...missing, ...timeline], query.upTo);
  return missing;
}

/** The state at the start of the timeline, or with `state_after` at its end. */
async function viewOf({ room, request, timeline, until }: StateQuery, { current }: StateStoresForSync) {
  const first = timeline[0];
  if (request.stateAfterKey === undefined && first?.stateBefore !== undefined)
    return current.at(room, first.stateBefore);
  if (until?.stateAfter !== undefined) return current.at(room, until.stateAfter);
  return current.ofRoom(room);
}

function deviceKey({ userId, deviceId }: SyncRequest): string {
  return `${userId} ${deviceId ?? ''}`;
}
