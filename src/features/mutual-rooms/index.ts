/**
 * Mutual rooms: which rooms a user shares with another, for the profile pages of clients. Here is the endpoint with its
 * pages; memberships are the room engine's.
 * https://spec.matrix.org/v1.19/client-server-api/#mutual-rooms
 */
import { getMutualRooms } from '#api/client/mutual-rooms.ts';
import { type Route, route } from '#api/endpoint.ts';
import type { Reader } from '#platform/storage/index.ts';
import { invalidParam } from '#protocol/errors.ts';
import { isHistoricalUserId } from '#protocol/identifiers/index.ts';
import { MutualRoomsStore } from './mutual-rooms-store.ts';

const PAGE = 100;

export function mutualRoomsFeature({ reader }: { readonly reader: Reader }): { routes: readonly Route[] } {
  const store = new MutualRoomsStore(reader);
  const routes = [
    route(getMutualRooms, async ({ requester: { userId }, query, request }) => {
      const other = query.user_id;
      if (other === userId) throw invalidParam('user_id must be that of another user');
      if (isHistoricalUserId(other)) throw invalidParam('user_id must be of the current grammar');
      const from = query.from ?? query.batch_token;
      const rooms = await store.page(userId, other, from === undefined ? 0 : decodeToken(from), PAGE + 1);
      const shown = rooms.slice(0, PAGE);
      const next = rooms.length > PAGE ? `m${shown.at(-1)!.roomNid}` : undefined;
      const isDraft = request.path.includes('/uk.half-shot.msc2666/');
      return {
        joined: shown.map(({ roomId }) => roomId),
        count: await store.count(userId, other),
        ...(next === undefined ? {} : { next_batch: next, ...(isDraft ? { next_batch_token: next } : {}) }),
      };
    }),
  ];
  return { routes };
}

/** A token says after which room to go on, so that it never expires. */
function decodeToken(token: string): number {
  if (!/^m\d{1,15}$/.test(token)) throw invalidParam('Unknown pagination token');
  return Number(token.slice(1));
}
