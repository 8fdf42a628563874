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
  readonly left?: LeftRoom | undefined;
}

/** How a user is out of a room. */
export interface LeftRoom {
  /** Stream position of the change. */
  readonly position: number;
  /**
   * Their member event now: with which they left, or a later one, such as a ban. `undefined` where state resolution took
   * their membership away.
   */
  readonly own: StoredEvent | undefined;
  /** The one that ended their last stay; `undefined` for who was never in the room, who then knows nothing of its state. */
  readonly until: StoredEvent | undefined;
}

/**
 * The `state` section of a room: what changed between `since` and the start of the timeline, or all of it. With
 * `state_after`, the same up to the end of the timeline.
 */
export async function readState(query: StateQuery, stores: StateStoresForSync): Promise<StoredEvent[]> {
  const { request, since, left } = query;
  const whole = since === undefined || request.fullState;
  const own = left?.own;
  const knowsNothing = own !== undefined && left?.until === undefined;
  let events = knowsNothing ? [] : whole ? await wholeState(query, stores) : await changedState(query, stores);
  if (own !== undefined && !isTold(own, events, query)) {
    events = [...events.filter((event) => entryOf(event) !== entryOf(own)), own];
  }
  return filterEvents(request.filter.state, events, (event) => event, stores.relationsOf);
}

function isTold({ nid }: StoredEvent, state: readonly StoredEvent[], { request, timeline }: StateQuery): boolean {
  const told = request.stateAfterKey === undefined ? [...state, ...timeline] : state;
  return told.some((event) => event.nid === nid);
}

async function wholeState(query: StateQuery, stores: StateStoresForSync): Promise<StoredEvent[]> {
  const view = await viewOf(query, stores);
  if (view === undefined) return [];
  const { request, timeline, heroes } = query;
  if (!request.filter.lazyLoadMembers) return view.all();
  const kept = await view.lazyLoaded([...timeline.map((event) => event.sender), ...heroes, request.userId]);
  stores.lazyMembers.remember(deviceKey(request), query.room.nid, kept, query.upTo);
  return kept;
}

async function changedState(query: StateQuery, stores: StateStoresForSync): Promise<StoredEvent[]> {
  const { room, request, timeline, since = 0 } = query;
  const changed = stores.tracker.states.hasChanged(room.roomId, since) ? await changedEvents(query, since, stores) : [];
  if (!request.filter.lazyLoadMembers) return changed;
  // Members who changed in the gap are all told, speaking or not: nothing else would bring their joins and leaves.
  const senders = new Set<string>(timeline.map((event) => event.sender));
  return [...changed, ...(await lazyMembers(query, changed, senders, stores))];
}

/**
 * The state events that came into force: before the timeline, or with `state_after` up to its end. Without, those too that
 * state resolution brought into force since the timeline's start, where no event of the timeline is to replace them: no
 * event there tells of them, and the next answer begins after them.
 */
async function changedEvents(query: StateQuery, since: number, stores: StateStoresForSync): Promise<StoredEvent[]> {
  const { room, request, timeline, left, upTo } = query;
  const end = left?.until?.position ?? left?.position ?? upTo;
  const first = request.stateAfterKey === undefined ? firstWithin(query)?.position : undefined;
  const before = first === undefined ? end : first - 1;
  const deltas = [
    ...(await stores.deltas.between(room.nid, since, before)),
    ...(await stores.deltas.between(room.nid, before, end)),
  ];
  const nids = deltas.map((delta) => delta.eventNid).filter((nid) => nid !== undefined);
  const events = nids.length === 0 ? new Map<number, StoredEvent>() : await stores.events.byNids(nids);
  const told = new Set(timeline.map((event) => entryOf(event)));
  const changed = new Map<string, StoredEvent>();
  for (const { eventNid, position } of deltas) {
    const event = eventNid === undefined ? undefined : events.get(eventNid);
    if (event === undefined) continue;
    const isResolved = event.position !== position;
    if (position <= before || (isResolved && !told.has(entryOf(event)))) changed.set(entryOf(event), event);
  }
  return [...changed.values()];
}

const entryOf = ({ type, stateKey }: StoredEvent): string => `${type}\u0000${stateKey}`;

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
async function viewOf(query: StateQuery, { current }: StateStoresForSync) {
  const { room, request, left } = query;
  const first = firstWithin(query);
  if (request.stateAfterKey === undefined && first?.stateBefore !== undefined)
    return current.at(room, first.stateBefore);
  if (left !== undefined)
    return left.until?.stateAfter === undefined ? undefined : current.at(room, left.until.stateAfter);
  return current.ofRoom(room);
}

/** The first event of the timeline; none from after the user's stay, when the state was not theirs to know any more. */
function firstWithin({ timeline, left }: StateQuery): StoredEvent | undefined {
  const [first] = timeline;
  const end = left?.until?.position;
  return end !== undefined && (first?.position ?? 0) > end ? undefined : first;
}

function deviceKey({ userId, deviceId }: SyncRequest): string {
  return `${userId} ${deviceId ?? ''}`;
}
