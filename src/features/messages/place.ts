import { decodeSyncToken } from '#platform/streams/index.ts';
import { invalidParam } from '#protocol/errors.ts';
import {
  decodeTimelineToken,
  placeAfter,
  type RoomAccess,
  type RoomIdentity,
  TIMELINE_END,
  type TimelinePlace,
  type TimelineStore,
} from '#rooms/index.ts';
import { comparePlaces } from './page.ts';

/** Before everything, at a depth that a token can name. */
const START: TimelinePlace = { depth: 0, position: Number.MIN_SAFE_INTEGER };

/**
 * The place of a token: one of the timeline, or of a sync. A place beyond the room's timeline shows nothing more.
 * @throws MatrixError 400 `M_INVALID_PARAM` for a text that is no token.
 */
export async function readPlace(
  token: string,
  room: RoomIdentity,
  timeline: Pick<TimelineStore, 'placeAt'>,
): Promise<TimelinePlace> {
  const place = decodeTimelineToken(token);
  if (place !== undefined) return place;
  const position = decodeSyncToken(token);
  if (position === undefined) throw invalidParam('Not a pagination token');
  return timeline.placeAt(room.nid, position);
}

/** Where a reader starts who does not say: at the first event, or after the newest that they can reach. */
export async function startOf(
  access: RoomAccess,
  direction: 'b' | 'f',
  timeline: Pick<TimelineStore, 'backward'>,
): Promise<TimelinePlace> {
  if (direction === 'f') return START;
  if (access.kind === 'left') return placeAfter(access.until);
  const [newest] = await timeline.backward(access.room.nid, TIMELINE_END, 1);
  return newest === undefined ? START : placeAfter(newest);
}

/** The range that somebody may read who has left: they do not wade through what came after. */
export function clampToAccess(
  range: { readonly from: TimelinePlace; readonly to: TimelinePlace | undefined },
  access: RoomAccess,
  direction: 'b' | 'f',
): { readonly from: TimelinePlace; readonly to: TimelinePlace | undefined } {
  if (access.kind !== 'left') return range;
  const until = placeAfter(access.until);
  const { from, to } = range;
  if (direction === 'b') return { from: comparePlaces(from, until) > 0 ? until : from, to };
  return { from, to: to === undefined || comparePlaces(to, until) > 0 ? until : to };
}
