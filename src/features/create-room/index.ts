/**
 * Making rooms: what the request means as a list of events (presets, power levels, creators), made in one batch with the
 * alias and the directory entry. Not here: replacing a room by another (`features/room-upgrade`), the engine that makes
 * events of drafts (`rooms/`).
 */
import { createRoom, createRoomLegacy } from '#api/client/create-room.ts';
import { type Route, route } from '#api/endpoint.ts';
import { RoomCreation } from './create-room.ts';
import type { CreateRoomDeps } from './ports.ts';

export { RoomCreation } from './create-room.ts';
export type { CreateRoomConfig, CreateRoomDeps, NewRoomDirectory, NewRoomMembership } from './ports.ts';

export function createRoomFeature(deps: CreateRoomDeps): {
  readonly routes: readonly Route[];
  readonly creation: RoomCreation;
} {
  const creation = new RoomCreation(deps);
  const routes = [
    route(createRoom, async ({ requester, body, request }) => ({
      room_id: await creation.create({ requester, ip: request.ip }, body, request.bodyText),
    })),
    route(createRoomLegacy, ({ requester, params, body, request }) =>
      deps.repeated.once(requester, ['createRoom', params.txnId], async () => ({
        room_id: await creation.create({ requester, ip: request.ip }, body, request.bodyText),
      })),
    ),
  ];
  return { routes, creation };
}
