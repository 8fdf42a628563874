import { getKeysChanges } from '#api/client/keys.ts';
import { type Route, route } from '#api/endpoint.ts';
import { decodeSyncToken, type StreamPosition } from '#platform/streams/index.ts';
import { invalidParam } from '#protocol/errors.ts';
import type { DeviceListChanges } from './device-list-changes.ts';

/** The position a sync token stands for; `undefined` for what is none. */
export type ReadToken = (token: string) => StreamPosition | undefined;

export function deviceListRoutes(changes: DeviceListChanges, readToken: ReadToken = decodeSyncToken): Route[] {
  const positionOf = (token: string, name: string): StreamPosition => {
    const position = readToken(token);
    if (position === undefined) throw invalidParam(`'${name}' is not a sync token`);
    return position;
  };
  return [
    route(getKeysChanges, async ({ requester, query }) => {
      const from = positionOf(query.from, 'from');
      // Only the last change of a user is kept: what came after `to` is told as well, which costs a query too many at most.
      const to = query.to === undefined ? Number.POSITIVE_INFINITY : positionOf(query.to, 'to');
      if (from >= to) return { changed: [], left: [] };
      const { changed, left } = await changes.since(requester.userId, from);
      return { changed: [...changed], left: [...left] };
    }),
  ];
}
