import type { RoomEvent } from '../events/pdu.ts';
import type { EventId } from '../identifiers/index.ts';
import { conflictedStateSubgraph } from './conflicted-subgraph.ts';
import { mainlineOrder } from './mainline-order.ts';
import { CHUNK, chunksOf, load, PAUSE, union } from './pacing.ts';
import { reverseTopologicalPowerOrder } from './power-order.ts';
import type { ResolvedState, StateResolutionInput } from './resolve-state.ts';
import { iterativeAuthChecks, ResolvingState } from './resolving-state.ts';
import type { Resolution } from './sources.ts';
import type { StateMapKey } from './state-map-key.ts';

/**
 * State resolution v2 (room versions 2 to 11) and v2.1 (from 12), which differ in two places.
 * https://spec.matrix.org/v1.19/rooms/v2/#algorithm, https://spec.matrix.org/v1.19/rooms/v12/#algorithm
 */
export function* resolveV2(input: StateResolutionInput): Resolution<ResolvedState> {
  const { rules, conflicted } = input;
  const isV21 = rules.stateResolution === 'v2.1';
  const full = yield* fullConflictedSet(input, isV21);

  // 1. The power events, with what of their auth chains is in the full conflicted set.
  const powerEvents = yield* withAuthChains(full);
  const powerOrder = yield* reverseTopologicalPowerOrder(powerEvents, input.events, rules);

  // 2. v2 starts from the unconflicted state map, v2.1 from an empty one.
  const state = new ResolvingState(conflicted, input, rules, { startsEmpty: isV21, fillsFromAuthEvents: true });
  yield* iterativeAuthChecks(powerOrder, state);

  // 3. The others, by the power levels of the partially resolved state.
  const powerLevelsId = yield* state.eventIdAt('m.room.power_levels', '');
  const mainline = yield* mainlineOrder(yield* without(powerEvents, full), powerLevelsId, input.authGraph);

  // 4.
  yield* iterativeAuthChecks(mainline, state);

  // 5.
  return yield* withoutUnconflicted(state, conflicted);
}

/**
 * The events of the full conflicted set: of the conflicted state set, the auth difference and, in v2.1, the conflicted state
 * subgraph.
 */
function* fullConflictedSet(input: StateResolutionInput, isV21: boolean): Resolution<Map<EventId, RoomEvent>> {
  const conflictedSet = yield* union<EventId>(input.conflicted.values());
  const withSubgraph = isV21 ? yield* conflictedStateSubgraph(conflictedSet, input.authGraph) : conflictedSet;
  const ids = yield* union<EventId>([withSubgraph, input.authDifference]);

  const full = new Map<EventId, RoomEvent>();
  for (const chunk of chunksOf(ids)) {
    yield* load('load', chunk, input.events);
    for (const eventId of chunk) {
      const event = input.events.get(eventId);
      // Auth rules let no event without a state_key into auth_events.
      if (event?.stateKey !== undefined) full.set(eventId, event);
    }
    yield PAUSE;
  }
  return full;
}

/**
 * The power events of the full conflicted set with the events of their auth chains that are in it. The way to those goes
 * within the set: deployed servers walk so, and to order the events otherwise is to disagree with them. In v2.1 there is no
 * difference, as the conflicted state subgraph holds all that lies between two events of the set.
 */
function* withAuthChains(full: ReadonlyMap<EventId, RoomEvent>): Resolution<ReadonlyMap<EventId, RoomEvent>> {
  const found = new Map<EventId, RoomEvent>();
  const work: RoomEvent[] = [];
  let steps = 0;
  for (const event of full.values()) {
    if (isPowerEvent(event)) work.push(event);
    if (++steps % CHUNK === 0) yield PAUSE;
  }
  for (let event = work.pop(); event !== undefined; event = work.pop()) {
    if (++steps % CHUNK === 0) yield PAUSE;
    if (found.has(event.eventId)) continue;
    found.set(event.eventId, event);
    for (const authEventId of event.authEventIds) {
      const authEvent = full.get(authEventId);
      if (authEvent !== undefined && !found.has(authEventId)) work.push(authEvent);
    }
  }
  return found;
}

/** https://spec.matrix.org/v1.19/rooms/v2/#definitions */
function isPowerEvent(event: RoomEvent): boolean {
  switch (event.type) {
    case 'm.room.power_levels':
    case 'm.room.join_rules':
      // With another state key it is no such event but an unknown one, without power over anything.
      return event.stateKey === '';
    case 'm.room.member': {
      const { membership } = event.content;
      return (membership === 'leave' || membership === 'ban') && event.sender !== event.stateKey;
    }
    default:
      return false;
  }
}

function* without(
  picked: ReadonlyMap<EventId, RoomEvent>,
  full: ReadonlyMap<EventId, RoomEvent>,
): Resolution<readonly RoomEvent[]> {
  const others: RoomEvent[] = [];
  for (const chunk of chunksOf(full.values())) {
    for (const event of chunk) if (!picked.has(event.eventId)) others.push(event);
    yield PAUSE;
  }
  return others;
}

/** What the resolution has made of the conflicted keys, and of keys that no fork has, but never of the unconflicted state. */
function* withoutUnconflicted(
  state: ResolvingState,
  conflicted: ReadonlyMap<StateMapKey, readonly EventId[]>,
): Resolution<ResolvedState> {
  const resolved = yield* state.resolvedAt(conflicted.keys());
  for (const chunk of chunksOf(state.applied.keys())) {
    const keys = chunk.filter((key) => !conflicted.has(key));
    if (keys.length > 0) yield { kind: 'look-up', keys };
    for (const key of keys) {
      if (state.unconflicted(key) === undefined) resolved.set(key, state.applied.get(key)?.eventId);
    }
    yield PAUSE;
  }
  return resolved;
}
