import type { EventId } from '../identifiers/index.ts';
import { CHUNK, load, PAUSE, union } from './pacing.ts';
import type { AuthNode, Lookup, Resolution } from './sources.ts';

/**
 * The conflicted state subgraph, together with all of the conflicted state set: every event on a way along `auth_events` from
 * one conflicted event to another. The walk down from the conflicted events ends at the lowest rank of any of them, as no way
 * from there can come to another one.
 * https://spec.matrix.org/v1.19/rooms/v12/#definitions
 */
export function* conflictedStateSubgraph(
  conflicted: ReadonlySet<EventId>,
  graph: Lookup<AuthNode>,
): Resolution<ReadonlySet<EventId>> {
  const citedBy = yield* walkDown(conflicted, graph);
  // Back up from the conflicted events: what is above one, and was come to from one, is between two.
  const between = yield* union([conflicted]);
  const work = [...conflicted];
  let steps = 0;
  for (let eventId = work.pop(); eventId !== undefined; eventId = work.pop()) {
    for (const above of citedBy.get(eventId) ?? []) {
      if (between.has(above)) continue;
      between.add(above);
      work.push(above);
    }
    if (++steps % CHUNK === 0) yield PAUSE;
  }
  return between;
}

/** The part of the auth chains that may lead to a conflicted event: for each event in it, those in it that cite it. */
function* walkDown(
  conflicted: ReadonlySet<EventId>,
  graph: Lookup<AuthNode>,
): Resolution<ReadonlyMap<EventId, readonly EventId[]>> {
  const citedBy = new Map<EventId, EventId[]>();
  yield* load('load-auth-nodes', conflicted, graph);
  let lowest = Number.POSITIVE_INFINITY;
  let steps = 0;
  for (const eventId of conflicted) {
    lowest = Math.min(lowest, graph.get(eventId)?.authRank ?? lowest);
    if (++steps % CHUNK === 0) yield PAUSE;
  }

  let level = [...conflicted];
  while (level.length > 0) {
    yield* load('load-auth-nodes', authEventsOf(level, graph), graph);
    const below: EventId[] = [];
    for (const eventId of level) {
      for (const authEventId of graph.get(eventId)?.authEventIds ?? []) {
        const node = graph.get(authEventId);
        if (node === undefined || node.authRank < lowest) continue;
        const above = citedBy.get(authEventId);
        if (above === undefined) citedBy.set(authEventId, [eventId]);
        else above.push(eventId);
        if (above === undefined && !conflicted.has(authEventId)) below.push(authEventId);
      }
      if (++steps % CHUNK === 0) yield PAUSE;
    }
    level = below;
  }
  return citedBy;
}

function* authEventsOf(eventIds: readonly EventId[], graph: Lookup<AuthNode>): Iterable<EventId> {
  for (const eventId of eventIds) yield* graph.get(eventId)?.authEventIds ?? [];
}
