import {
  deleteAppserviceRoomDirectoryVisibility,
  updateAppserviceRoomDirectoryVisibility,
} from '#api/client/appservice-room-directory.ts';
import { deleteRoomAlias, getLocalAliases, getRoomIdByAlias, setRoomAlias } from '#api/client/directory.ts';
import {
  getPublicRooms,
  getRoomVisibilityOnDirectory,
  queryPublicRooms,
  setRoomVisibilityOnDirectory,
} from '#api/client/list-public-rooms.ts';
import { type Route, route } from '#api/endpoint.ts';
import type { Requester } from '#api/requester.ts';
import { forbidden, MatrixError, notFound } from '#protocol/errors.ts';
import type { RoomId, ServerName } from '#protocol/identifiers/index.ts';
import type { MembershipStore, RoomDirectory } from '#rooms/index.ts';
import type { Aliases } from './aliases.ts';
import type { PublishedRooms, RemotePublicRooms } from './index.ts';
import { type PublicRoomsAnswer, type PublicRoomsRequest, readPublicRooms } from './public-rooms.ts';
import type { Publication } from './publication.ts';

export interface DirectoryRoutesDeps {
  readonly aliases: Aliases;
  readonly publication: Publication;
  readonly published: PublishedRooms;
  readonly rooms: RoomDirectory;
  readonly members: MembershipStore;
  readonly serverName: ServerName;
  readonly isListSearchEnabled: boolean;
  readonly allowWithoutAuth: boolean;
  readonly remote: RemotePublicRooms | undefined;
}

export function directoryRoutes(deps: DirectoryRoutesDeps): readonly Route[] {
  return [...aliasRoutes(deps), ...visibilityRoutes(deps), ...publicRoomsRoutes(deps)];
}

function aliasRoutes(deps: DirectoryRoutesDeps): readonly Route[] {
  const { aliases } = deps;
  return [
    route(getRoomIdByAlias, async ({ params: { roomAlias } }) => {
      const found = await aliases.resolve(roomAlias);
      if (found === undefined) throw notFound(`Room alias ${roomAlias} not found`);
      return { room_id: found.roomId, servers: [...found.servers] };
    }),
    route(setRoomAlias, async ({ requester, params: { roomAlias }, body }) => {
      await aliases.create(requester, roomAlias, body.room_id);
      return {};
    }),
    route(deleteRoomAlias, async ({ requester, params: { roomAlias } }) => {
      await aliases.delete(requester, roomAlias);
      return {};
    }),
    route(getLocalAliases, async ({ requester, params: { roomId } }) => {
      const roomNid = await roomNidIfReadable(deps, roomId, requester);
      return { aliases: (await aliases.ofRoom(roomNid)).map(({ alias }) => alias) };
    }),
  ];
}

/** Members, and anybody where the room is readable by all. */
async function roomNidIfReadable(deps: DirectoryRoutesDeps, roomId: RoomId, requester: Requester): Promise<number> {
  const room = await deps.rooms.find(roomId);
  if (room === undefined) throw forbidden('You are not in this room');
  const isMember = (await deps.members.find(room.nid, requester.userId))?.membership === 'join';
  if (isMember || requester.isAdmin || (await deps.published.find(roomId))?.isWorldReadable) return room.nid;
  throw forbidden('You are not in this room');
}

function visibilityRoutes({ publication }: DirectoryRoutesDeps): readonly Route[] {
  return [
    route(getRoomVisibilityOnDirectory, async ({ params: { roomId } }) => ({
      visibility: (await publication.isPublished(roomId as RoomId)) ? ('public' as const) : ('private' as const),
    })),
    route(setRoomVisibilityOnDirectory, async ({ requester, params: { roomId }, body }) => {
      await publication.change(requester, roomId, body.visibility !== 'private');
      return {};
    }),
    route(updateAppserviceRoomDirectoryVisibility, async ({ requester, params: { networkId, roomId }, body }) => {
      await publication.changeInNetwork(requester.appserviceId, networkId, roomId, body.visibility !== 'private');
      return {};
    }),
    route(deleteAppserviceRoomDirectoryVisibility, async ({ requester, params: { networkId, roomId } }) => {
      await publication.changeInNetwork(requester.appserviceId, networkId, roomId, false);
      return {};
    }),
  ];
}

function publicRoomsRoutes(deps: DirectoryRoutesDeps): readonly Route[] {
  const list = async (request: PublicRoomsRequest, server: ServerName | undefined): Promise<PublicRoomsAnswer> => {
    if (!deps.isListSearchEnabled) return { chunk: [], total_room_count_estimate: 0 };
    if (server === undefined || server === deps.serverName) return readPublicRooms(deps.published, request);
    if (deps.remote === undefined) throw notFound(`The room directory of ${server} cannot be reached`);
    return deps.remote(server, request);
  };
  return [
    route(getPublicRooms, ({ requester, query: { limit, since, server } }) => {
      if (requester === undefined && !deps.allowWithoutAuth) {
        throw new MatrixError('M_MISSING_TOKEN', 'The room directory needs an access token');
      }
      return list({ limit, since }, server);
    }),
    route(queryPublicRooms, ({ query: { server }, body }) =>
      list(
        {
          limit: body.limit,
          since: body.since,
          filter: body.filter,
          includeAllNetworks: body.include_all_networks,
          thirdPartyInstanceId: body.third_party_instance_id,
        },
        server,
      ),
    ),
  ];
}
