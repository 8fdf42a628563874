import { notFound } from '#protocol/errors.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { EventTimeStore } from './event-time-store.ts';
import type { StoredEvent, Visibility } from '#rooms/index.ts';

/** How many events nearest to the time are looked at before there is none that the user may see. */
const MAX_TRIED = 100;

/**
 * The visible event nearest to a time, at or after it (`f`) or at or before it (`b`).
 * @throws MatrixError 404 `M_NOT_FOUND` if there is none.
 */
export async function findEventAt(
  roomId: RoomId,
  timestamp: number,
  direction: 'b' | 'f',
  userId: UserId,
  { visibility, times }: { readonly visibility: Visibility; readonly times: EventTimeStore },
): Promise<StoredEvent> {
  const { room } = await visibility.accessOf(roomId, userId);
  const nearest = await times.nearest(room.nid, timestamp, direction, MAX_TRIED);
  const [found] = await visibility.filter(nearest, userId);
  if (found === undefined) throw notFound('No event found in this direction');
  return found.event;
}
