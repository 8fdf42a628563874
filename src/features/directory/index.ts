/**
 * The room directory: aliases of rooms, and the list of published rooms with its search. Here is who may make, delete and
 * publish what. What is told of a room is kept by room summaries, which this slice asks through `PublishedRooms`; sending an
 * `m.room.canonical_alias` is up to send-event, which has it checked here.
 * https://spec.matrix.org/v1.19/client-server-api/#room-aliases
 */
import type { Static } from '@sinclair/typebox';
import type { Route } from '#api/endpoint.ts';
import type { PublicRoomsChunkSchema } from '#api/schemas.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { RoomsConfig } from '#platform/config/index.ts';
import type { Reader, Statement, Transactor } from '#platform/storage/index.ts';
import type { RoomAlias, RoomId, ServerName } from '#protocol/identifiers/index.ts';
import type { Rooms } from '#rooms/index.ts';
import { AliasStore } from './alias-store.ts';
import { Aliases, type AppserviceAliases, type ResolvedAlias } from './aliases.ts';
import type { PublicRoomsAnswer, PublicRoomsRequest } from './public-rooms.ts';
import { Publication } from './publication.ts';
import { RoomModerators } from './room-moderators.ts';
import { directoryRoutes } from './routes.ts';

export type { LocalAlias } from './alias-store.ts';
export type { Aliases, AppserviceAliases, ResolvedAlias } from './aliases.ts';
export { type PublicRoomsAnswer, type PublicRoomsRequest, readPublicRooms } from './public-rooms.ts';
export type { Publication } from './publication.ts';

/** A place in the list of rooms, which is ordered by members, then by age; both descending. */
export interface DirectoryPlace {
  readonly joinedCount: number;
  readonly roomNid: number;
}

export interface DirectoryQuery {
  readonly searchTerm?: string | undefined;
  /** `null` stands for rooms without a type. */
  readonly roomTypes?: readonly (string | null)[] | undefined;
  readonly list: 'own' | 'all' | { readonly network: string };
  /** Without the rooms that other servers cannot join. */
  readonly federatableOnly?: boolean | undefined;
}

/** What the directory needs of room summaries. */
export interface PublishedRooms {
  find(roomId: RoomId): Promise<
    | {
        readonly isPublished: boolean;
        readonly isWorldReadable: boolean;
        readonly canonicalAlias: string | undefined;
      }
    | undefined
  >;
  page(
    query: DirectoryQuery,
    limit: number,
    from: (DirectoryPlace & { readonly direction: 'forward' | 'backward' }) | undefined,
  ): Promise<readonly (DirectoryPlace & { readonly chunk: Static<typeof PublicRoomsChunkSchema> })[]>;
  count(query: DirectoryQuery): Promise<number>;
  setPublished(roomNid: number, isPublished: boolean): Statement;
  setPublishedIn(network: string, roomNid: number, isPublished: boolean): Statement;
}

/** Asks another server for its directory. */
export type RemotePublicRooms = (server: ServerName, request: PublicRoomsRequest) => Promise<PublicRoomsAnswer>;

export interface DirectoryDeps {
  readonly storage: { readonly reader: Reader; readonly transactor: Transactor };
  readonly clock: Clock;
  readonly serverName: ServerName;
  readonly rooms: Pick<Rooms, 'engine' | 'directory' | 'members' | 'current'>;
  readonly published: PublishedRooms;
  readonly config: Pick<
    RoomsConfig,
    | 'aliasCreationRules'
    | 'roomListPublicationRules'
    | 'enableRoomListSearch'
    | 'allowPublicRoomsWithoutAuth'
    | 'requireMembershipForAliases'
  >;
  readonly appservices?: AppserviceAliases;
  readonly serversIn?: (roomId: RoomId) => Promise<readonly ServerName[]>;
  readonly resolveRemote?: (alias: RoomAlias) => Promise<ResolvedAlias | undefined>;
  readonly remotePublicRooms?: RemotePublicRooms;
}

export interface DirectoryFeature {
  readonly routes: readonly Route[];
  readonly aliases: Aliases;
  readonly publication: Publication;
}

export function directoryFeature(deps: DirectoryDeps): DirectoryFeature {
  const { storage, clock, serverName, rooms, published, config } = deps;
  const moderators = new RoomModerators(rooms.current, rooms.members);
  const aliases = new Aliases({
    store: new AliasStore(storage.reader),
    transactor: storage.transactor,
    clock,
    serverName,
    engine: rooms.engine,
    rooms: rooms.directory,
    members: rooms.members,
    moderators,
    creationRules: config.aliasCreationRules,
    requireMembership: config.requireMembershipForAliases,
    appservices: deps.appservices,
    serversIn: deps.serversIn,
    resolveRemote: deps.resolveRemote,
  });
  const publication = new Publication({
    transactor: storage.transactor,
    rooms: rooms.directory,
    moderators,
    aliases,
    published,
    rules: config.roomListPublicationRules,
  });
  const routes = directoryRoutes({
    aliases,
    publication,
    published,
    rooms: rooms.directory,
    members: rooms.members,
    serverName,
    isListSearchEnabled: config.enableRoomListSearch,
    allowWithoutAuth: config.allowPublicRoomsWithoutAuth,
    remote: deps.remotePublicRooms,
  });
  return { routes, aliases, publication };
}
