import { MAX_PREV_EVENTS } from '#protocol/events/index.ts';
import type { EventId } from '#protocol/identifiers/index.ts';
import type { Extremity } from './hot-room.ts';
import { extremityOf } from './persist.ts';
import type { StoredEvent } from './stored-event.ts';
import { EventStatus } from './tables.ts';

/** Events that were rejected or failed softly are passed by on the way to extremities, so many of them at most. */
const PASSED_MAX = 1_000;

/**
 * The forward extremities once an accepted event has come: without those it follows, also where it does so through events that
 * are built upon by nobody here.
 */
export async function extremitiesAfter(
  event: StoredEvent,
  extremities: readonly Extremity[],
  find: (eventIds: readonly EventId[]) => Promise<Map<EventId, StoredEvent>>,
): Promise<readonly Extremity[]> {
  const followed = new Set<EventId>(event.prevEventIds);
  const isExtremity = new Set(extremities.map(({ eventId }) => eventId));
  let level = event.prevEventIds.filter((eventId) => !isExtremity.has(eventId));
  for (let passed = 0; level.length > 0 && passed < PASSED_MAX; ) {
    const below: EventId[] = [];
    for (const one of (await find(level)).values()) {
      if (one.status === EventStatus.normal) continue;
      passed++;
      for (const eventId of one.prevEventIds) {
        if (followed.has(eventId)) continue;
        followed.add(eventId);
        below.push(eventId);
      }
    }
    level = below;
  }
  return [...extremities.filter(({ eventId }) => !followed.has(eventId)), extremityOf(event)];
}

/** The newest of more extremities than one event may follow, in their order; all if they are not too many. */
export function newestExtremities(
  extremities: readonly Extremity[],
  count: number = MAX_PREV_EVENTS,
): readonly Extremity[] {
  if (extremities.length <= count) return extremities;
  const newest = new Set([...extremities].sort((a, b) => b.depth - a.depth || b.nid - a.nid).slice(0, count));
  return extremities.filter((extremity) => newest.has(extremity));
}
