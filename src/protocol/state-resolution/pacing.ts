import type { EventId } from '../identifiers/index.ts';
import type { Lookup, Resolution, StateResolutionRequest } from './sources.ts';

export const PAUSE: StateResolutionRequest = Object.freeze({ kind: 'pause' });

/** Steps between two pauses, and ids in one request. */
export const CHUNK = 256;

/** Asks for what `lookup` has not got, a chunk at a time. */
export function* load(
  kind: 'load' | 'load-auth-nodes',
  eventIds: Iterable<EventId>,
  lookup: Lookup<unknown>,
): Resolution<void> {
  const missing = new Set<EventId>();
  let steps = 0;
  for (const eventId of eventIds) {
    if (lookup.get(eventId) === undefined) missing.add(eventId);
    if (missing.size === CHUNK) {
      yield { kind, eventIds: [...missing] };
      missing.clear();
    }
    if (++steps % CHUNK === 0) yield PAUSE;
  }
  if (missing.size > 0) yield { kind, eventIds: [...missing] };
}

export function* chunksOf<T>(items: Iterable<T>): Generator<T[], void, void> {
  let chunk: T[] = [];
  for (const item of items) {
    chunk.push(item);
    if (chunk.length < CHUNK) continue;
    yield chunk;
    chunk = [];
  }
  if (chunk.length > 0) yield chunk;
}

/** The distinct members of several collections. `new Set([...a, ...b])` of a large room would hold up everything else. */
export function* union<T>(collections: Iterable<Iterable<T>>): Resolution<Set<T>> {
  const all = new Set<T>();
  let steps = 0;
  for (const collection of collections) {
    for (const item of collection) {
      all.add(item);
      if (++steps % CHUNK === 0) yield PAUSE;
    }
  }
  return all;
}
