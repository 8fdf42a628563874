import type { TimelinePlace } from './timeline-store.ts';

/**
 * The token of a place in a room's timeline, as `/messages`, `/context` and `prev_batch` hand it out: `t<depth>_<position>`.
 * Sync tokens are a stream position; endpoints that page through a room take both.
 */
export function encodeTimelineToken(place: TimelinePlace): string {
  return `t${place.depth}_${place.position}`;
}

/** The place a token names, `undefined` if it is no such token. */
export function decodeTimelineToken(token: string): TimelinePlace | undefined {
  const match = /^t(\d{1,16})_(-?\d{1,16})$/.exec(token);
  if (match === null) return undefined;
  const depth = Number(match[1]);
  const position = Number(match[2]);
  return Number.isSafeInteger(depth) && Number.isSafeInteger(position) ? { depth, position } : undefined;
}

/** The place just after an event, and the one just before it. */
export function placeAfter(event: { readonly depth: number; readonly position: number | undefined }): TimelinePlace {
  return { depth: event.depth, position: event.position ?? 0 };
}

export function placeBefore(event: { readonly depth: number; readonly position: number | undefined }): TimelinePlace {
  return { depth: event.depth, position: (event.position ?? 0) - 1 };
}
