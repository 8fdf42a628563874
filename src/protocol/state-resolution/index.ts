/**
 * State resolution: one state of a room out of the states of several forks. v1 (room version 1), v2 (2 to 11) and v2.1 (12 and
 * later), with the auth difference that v2 works on. Comments use the names and step numbers of the spec.
 *
 * Everything here is a generator that asks for what it needs and pauses often; whoever runs it loads events, looks up state
 * and lets the event loop turn. The state of a room is never walked or held, only asked about at single keys. How a room
 * stores its state and its auth graph is the room engine's matter; whether an event is allowed is `../event-auth`'s.
 * https://spec.matrix.org/v1.19/server-server-api/#room-state-resolution
 */
export { type AuthDifferenceInput, authDifference } from './auth-difference.ts';
export { conflictedStateSubgraph } from './conflicted-subgraph.ts';
export {
  conflictsOf,
  type ForksInput,
  type ResolvedState,
  resolveForks,
  resolveState,
  type StateResolutionInput,
} from './resolve-state.ts';
export { runResolution } from './run-resolution.ts';
export {
  type AuthNode,
  authRank,
  type CitingEvent,
  type CitingPage,
  type Lookup,
  type Resolution,
  type ResolutionSources,
  type StateResolutionRequest,
} from './sources.ts';
export { type StateMapKey, splitStateMapKey, stateMapKey, stateMapKeyOf } from './state-map-key.ts';
