import { createHash } from 'node:crypto';
import type { RoomEvent } from '../events/pdu.ts';
import type { EventId } from '../identifiers/index.ts';
import { chunksOf, load, PAUSE } from './pacing.ts';
import type { ResolvedState, StateResolutionInput } from './resolve-state.ts';
import { ResolvingState } from './resolving-state.ts';
import type { Resolution } from './sources.ts';
import { type StateMapKey, splitStateMapKey } from './state-map-key.ts';

/** The events that conflict at one key: ascending depth, then descending sha1 of the event id. */
type Candidates = readonly [RoomEvent, ...RoomEvent[]];

type Pass = 'power levels' | 'join rules' | 'members' | 'others';

/**
 * State resolution v1, of room version 1. A key that only some forks have is no conflict here: R starts with it.
 * https://spec.matrix.org/v1.19/rooms/v1/#state-resolution
 */
export function* resolveV1(input: StateResolutionInput): Resolution<ResolvedState> {
  const { rules, conflicted } = input;
  const state = new ResolvingState(conflicted, input, rules, { startsEmpty: false, fillsFromAuthEvents: false });
  const passes: Readonly<Record<Pass, Candidates[]>> = {
    'power levels': [],
    'join rules': [],
    members: [],
    others: [],
  };
  for (const entries of chunksOf(conflicted)) {
    yield* load('load', idsOf(entries), input.events);
    for (const [key, eventIds] of entries) {
      const candidates = candidatesOf(eventIds.map((eventId) => input.events.get(eventId)));
      if (candidates === undefined) continue;
      if (candidates.length === 1) state.apply(candidates[0]);
      else passes[passOf(key)].push(candidates);
    }
    yield PAUSE;
  }

  yield* runPass(passes['power levels'], state, lastAllowedInTurn);
  yield* runPass(passes['join rules'], state, lastAllowedInTurn);
  yield* runPass(passes.members, state, lastAllowedInTurn);
  yield* runPass(passes.others, state, highestAllowed);

  return yield* state.resolvedAt(conflicted.keys());
}

function* idsOf(entries: readonly (readonly [StateMapKey, readonly EventId[]])[]): Iterable<EventId> {
  for (const [, eventIds] of entries) yield* eventIds;
}

function passOf(key: StateMapKey): Pass {
  const [type, stateKey] = splitStateMapKey(key);
  if (type === 'm.room.power_levels' && stateKey === '') return 'power levels';
  if (type === 'm.room.join_rules') return 'join rules';
  return type === 'm.room.member' ? 'members' : 'others';
}

function candidatesOf(events: readonly (RoomEvent | undefined)[]): Candidates | undefined {
  const known = events
    .filter((event) => event !== undefined)
    .map((event) => ({ event, sha1: createHash('sha1').update(event.eventId).digest('hex') }))
    .sort((x, y) => x.event.depth - y.event.depth || (x.sha1 < y.sha1 ? 1 : -1))
    .map(({ event }) => event);
  const [first, ...rest] = known;
  return first && [first, ...rest];
}

/**
 * Resolves the keys of one pass, each against R as it was before the pass, so that their order does not matter, and then adds
 * the results to R.
 */
function* runPass(
  conflicts: readonly Candidates[],
  state: ResolvingState,
  choose: (candidates: Candidates, state: ResolvingState) => RoomEvent,
): Resolution<void> {
  const chosen: RoomEvent[] = [];
  for (const chunk of chunksOf(conflicts)) {
    yield* state.prepare(chunk.flat());
    for (const candidates of chunk) chosen.push(choose(candidates, state));
    yield PAUSE;
  }
  for (const chunk of chunksOf(chosen)) {
    for (const event of chunk) state.apply(event);
    yield PAUSE;
  }
}

/** The first, then each that is allowed with the one before it in R, up to the first that is not. */
function lastAllowedInTurn(candidates: Candidates, state: ResolvingState): RoomEvent {
  let [chosen] = candidates;
  for (const next of candidates.slice(1)) {
    if (!state.allows(next, chosen)) break;
    chosen = next;
  }
  return chosen;
}

/**
 * The highest depth, lowest sha1 that R allows. The spec does not say what to do if R allows none; deployed servers take the
 * last they come to.
 */
function highestAllowed(candidates: Candidates, state: ResolvingState): RoomEvent {
  return candidates.findLast((event) => state.allows(event)) ?? candidates[0];
}
