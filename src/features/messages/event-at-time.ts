import { notFound } from '#protocol/errors.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { StoredEvent, Visibility } from '#rooms/index.ts';
import type { EventTimeStore, TimePlace } from './event-time-store.ts';

/** How many events nearest to the time are looked at, step by step, before there is none that the user may see. */
const STEPS = [100, 1_000, 5_000] as const;

/**
 * The visible event nearest to a time, at or after it (`f`) or at or before it (`b`).
 * @throws MatrixError 403 `M_FORBIDDEN` for a room that the user may not read; 404 `M_NOT_FOUND` if there is none.
 */
export async function findEventAt(
  roomId: RoomId,
  timestamp: number,
  direction: 'b' | 'f',
  userId: UserId,
  { visibility, times }: { readonly visibility: Visibility; readonly times: EventTimeStore },
): Promise<StoredEvent> {
  const access = await visibility.accessOf(roomId, userId);
  const upTo = access.kind === 'left' ? (access.until.position ?? 0) : Number.MAX_SAFE_INTEGER;
  let place = beside(Math.min(timestamp, Number.MAX_SAFE_INTEGER), direction);
  for (const limit of STEPS) {
    const nearest = await times.nearest(access.room.nid, upTo, place, direction, limit);
    const [found] = await visibility.filter(nearest, userId);
    if (found !== undefined) return found.event;
    const last = nearest.at(-1);
    if (last === undefined || nearest.length < limit) break;
    place = { timestamp: last.originServerTs, depth: last.depth, position: last.position ?? 0 };
  }
  throw notFound('No event found in this direction');
}

/** The place from which all events of that very time are still ahead. */
function beside(timestamp: number, direction: 'b' | 'f'): TimePlace {
  const edge = direction === 'f' ? Number.MIN_SAFE_INTEGER : Number.MAX_SAFE_INTEGER;
  return { timestamp, depth: edge, position: edge };
}
