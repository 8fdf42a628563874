import { getRoomSummary } from '#api/client/room-summary.ts';
import { type Route, route } from '#api/endpoint.ts';
import { notFound } from '#protocol/errors.ts';
import { parseRoomAlias, type RoomAlias, type RoomId, type UserId } from '#protocol/identifiers/index.ts';
import type { Membership } from '#rooms/index.ts';
import type { RoomPreview, RoomPreviews } from './room-previews.ts';
import { roomSummaryJson } from './summary-json.ts';

export type ResolveAlias = (alias: RoomAlias) => Promise<RoomId | undefined>;

export function roomSummaryRoutes(previews: RoomPreviews, resolveAlias: ResolveAlias): readonly Route[] {
  const find = async (idOrAlias: RoomId | RoomAlias, userId?: UserId): Promise<RoomPreview | undefined> => {
    const alias = parseRoomAlias(idOrAlias);
    const roomId = alias === undefined ? (idOrAlias as RoomId) : await resolveAlias(alias);
    return roomId === undefined ? undefined : previews.find(roomId, userId);
  };
  return [
    route(getRoomSummary, async ({ requester, params: { roomIdOrAlias }, request }) => {
      const preview = await find(roomIdOrAlias, requester?.userId);
      // Whether a room exists is not told to those who may not see it.
      if (preview === undefined) throw notFound('Room not found');
      const json = roomSummaryJson(preview.summary);
      const { encryption, room_version: version } = json;
      return {
        ...json,
        ...(requester === undefined ? {} : { membership: (preview.membership ?? 'leave') as Membership }),
        ...(request.path.includes('/im.nheko.summary/')
          ? {
              'im.nheko.summary.room_version': version,
              'im.nheko.summary.version': version,
              ...(encryption === undefined ? {} : { 'im.nheko.summary.encryption': encryption }),
            }
          : {}),
      };
    }),
  ];
}
