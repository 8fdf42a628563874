import type { RoomEvent } from '../events/pdu.ts';
import type { EventId } from '../identifiers/index.ts';
import type { StateMapKey } from './state-map-key.ts';

/**
 * What a resolution wants before it goes on. Each `load-*` and `look-up` is a promise about what will be asked of the sources
 * next; a caller that has it at hand answers by doing nothing, and may always load more than is asked for. A request may name
 * an event again that was not found before.
 */
export type StateResolutionRequest =
  /** `events.get` will be asked for these. */
  | { readonly kind: 'load'; readonly eventIds: readonly EventId[] }
  /** `authGraph.get` will be asked for these. */
  | { readonly kind: 'load-auth-nodes'; readonly eventIds: readonly EventId[] }
  /** `citing` will be asked for these pages. */
  | { readonly kind: 'load-citing'; readonly pages: readonly CitingPage[] }
  /** `unconflicted` will be asked for these keys. */
  | { readonly kind: 'look-up'; readonly keys: readonly StateMapKey[] }
  /** Some hundred steps are done, around a millisecond: a moment to let the event loop turn. */
  | { readonly kind: 'pause' };

/** A computation that asks for its data. What was loaded must stay until it has returned. */
export type Resolution<T> = Generator<StateResolutionRequest, T, void>;

export interface Lookup<T> {
  /** `undefined` if it is not loaded yet, is unknown, or was rejected for its `auth_events`. */
  get(eventId: EventId): T | undefined;
}

/** A state event as a node of the graph that `auth_events` make. */
export interface AuthNode {
  readonly type: string;
  readonly stateKey: string | undefined;
  readonly authEventIds: readonly EventId[];
  /**
   * The length of the longest way down the event's `auth_events`; see `authRank`. It orders events where `depth` cannot: a
   * sender may claim any depth.
   */
  readonly authRank: number;
}

/** A page of `citing`: what comes after the event `after`, or the first page. */
export interface CitingPage {
  readonly eventId: EventId;
  readonly after: EventId | undefined;
}

export interface CitingEvent {
  readonly eventId: EventId;
  readonly type: string;
  readonly stateKey: string;
}

/** Where a resolution reads. */
export interface ResolutionSources {
  readonly events: Lookup<RoomEvent>;
  /** May be the same store as `events`, if its events have an `authRank`. */
  readonly authGraph: Lookup<AuthNode>;
  /**
   * The event that every fork has at a key, `undefined` if no fork has any. At keys where forks differ the answer is ignored:
   * a look-up in the state of any one of the forks will do.
   */
  unconflicted(type: string, stateKey: string): EventId | undefined;
  /**
   * The state events, not rejected, that have `eventId` in their `auth_events`, a page at a time, in any order that stays;
   * empty after the last. The newest first is fastest. It must know every event of the unconflicted state and of its chain.
   */
  citing(eventId: EventId, after: EventId | undefined): readonly CitingEvent[];
  /**
   * Whether an event was rejected, though not for its `auth_events`: such an event takes part like any other, but is not
   * taken from `auth_events` to fill a gap in the state. Left out where `events` answers with no rejected event at all.
   */
  isRejected?(eventId: EventId): boolean;
}

/**
 * The rank of an event whose auth events have these ranks: 0 without any, otherwise one more than the highest. A server
 * computes it once, when it stores a state event.
 */
export function authRank(ranksOfAuthEvents: Iterable<number>): number {
  let rank = 0;
  for (const below of ranksOfAuthEvents) rank = Math.max(rank, below + 1);
  return rank;
}
