import type { EventId } from '../identifiers/index.ts';
import type { RoomVersionRules } from '../room-versions/index.ts';
import { authDifference } from './auth-difference.ts';
import { chunksOf, PAUSE } from './pacing.ts';
import { resolveV1 } from './resolve-v1.ts';
import { resolveV2 } from './resolve-v2.ts';
import type { Resolution, ResolutionSources } from './sources.ts';
import type { StateMapKey } from './state-map-key.ts';

/**
 * What the resolved state has where it is not simply the unconflicted state: an entry for every conflicted key (`undefined` if
 * the resolved state has nothing there), and for keys that no fork has but that an event of the auth difference brought in.
 */
export type ResolvedState = ReadonlyMap<StateMapKey, EventId | undefined>;

export interface StateResolutionInput extends ResolutionSources {
  readonly rules: RoomVersionRules;
  /**
   * For each key at which the forks do not all have the same event, also where some have none: the events that there are, each
   * once, in any order.
   */
  readonly conflicted: ReadonlyMap<StateMapKey, readonly EventId[]>;
  /** See `authDifference`. v1 makes no use of it. */
  readonly authDifference: ReadonlySet<EventId>;
}

/**
 * Resolves the states of several forks by the algorithm of the room version. An event that `events` does not answer is treated
 * as if no fork had it. The cost follows the number of conflicts and the length of the auth chains between them, not the size
 * of the state.
 * https://spec.matrix.org/v1.19/server-server-api/#room-state-resolution
 */
export function* resolveState(input: StateResolutionInput): Resolution<ResolvedState> {
  if (input.conflicted.size === 0) return new Map();
  return yield* input.rules.stateResolution === 'v1' ? resolveV1(input) : resolveV2(input);
}

export interface ForksInput extends ResolutionSources {
  readonly rules: RoomVersionRules;
  /** The state of each fork, of which entries that every fork has alike may be left out. */
  readonly forks: readonly ReadonlyMap<StateMapKey, EventId>[];
}

/** `conflictsOf`, `authDifference`, `resolveState`. */
export function* resolveForks(input: ForksInput): Resolution<ResolvedState> {
  const { rules } = input;
  const conflicted = yield* conflictsOf(input.forks);
  if (conflicted.size === 0) return new Map();
  const difference: ReadonlySet<EventId> =
    rules.stateResolution === 'v1'
      ? new Set()
      : yield* authDifference(withSources(input, { forks: yield* eventsAt(conflicted, input.forks) }));
  return yield* resolveState(withSources(input, { rules, conflicted, authDifference: difference }));
}

/** The conflicted map of the states of several forks. Entries that every fork has alike may be left out of all. */
export function* conflictsOf(
  forks: readonly ReadonlyMap<StateMapKey, EventId>[],
): Resolution<ReadonlyMap<StateMapKey, readonly EventId[]>> {
  const conflicted = new Map<StateMapKey, readonly EventId[]>();
  for (const fork of forks) {
    for (const chunk of chunksOf(fork)) {
      for (const [key, eventId] of chunk) {
        if (conflicted.has(key) || forks.every((other) => other.get(key) === eventId)) continue;
        const values = new Set(forks.map((other) => other.get(key)));
        conflicted.set(
          key,
          [...values].filter((value) => value !== undefined),
        );
      }
      yield PAUSE;
    }
  }
  return conflicted;
}

/** For each fork, the events that it has at conflicted keys. */
function* eventsAt(
  conflicted: ReadonlyMap<StateMapKey, unknown>,
  forks: readonly ReadonlyMap<StateMapKey, EventId>[],
): Resolution<readonly (readonly EventId[])[]> {
  const events: EventId[][] = forks.map(() => []);
  for (const [index, fork] of forks.entries()) {
    for (const chunk of chunksOf(conflicted.keys())) {
      for (const key of chunk) {
        const eventId = fork.get(key);
        if (eventId !== undefined) events[index]?.push(eventId);
      }
      yield PAUSE;
    }
  }
  return events;
}

/** The sources may be an object with methods of a class, which spreading would lose. */
function withSources<T extends object>(sources: ResolutionSources, more: T): ResolutionSources & T {
  return {
    events: sources.events,
    authGraph: sources.authGraph,
    unconflicted: (type, stateKey) => sources.unconflicted(type, stateKey),
    citing: (eventId, after) => sources.citing(eventId, after),
    isRejected: (eventId) => sources.isRejected?.(eventId) ?? false,
    ...more,
  };
}
