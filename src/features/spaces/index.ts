/**
 * Spaces: the tree of rooms below a space, and the children of each, kept with every `m.space.child` event. Here is the
 * hierarchy endpoint with its pages. What is told of one room, and who may see it, is up to room summaries.
 * https://spec.matrix.org/v1.19/client-server-api/#spaces
 */
import type { Static } from '@sinclair/typebox';
import { getSpaceHierarchy } from '#api/client/space-hierarchy.ts';
import { type Route, route } from '#api/endpoint.ts';
import type { Clock } from '#platform/clock/index.ts';
import type { Random } from '#platform/random/index.ts';
import type { Reader, Statement, Transactor } from '#platform/storage/index.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { EventHook, Rooms } from '#rooms/index.ts';
import { Hierarchy } from './hierarchy.ts';
import { HierarchySessionStore } from './hierarchy-session-store.ts';
import { childrenFromState, SpaceChildHook } from './space-child-hook.ts';
import { SpaceChildStore } from './space-child-store.ts';

export type { SpaceChild } from './space-child-store.ts';

/** What spaces need of room summaries. */
export interface RoomDescriptions {
  /** A room that the user may see, as clients read it. */
  describe(
    roomId: RoomId,
    userId: UserId | undefined,
  ): Promise<
    | {
        readonly roomNid: number;
        readonly roomType: string | undefined;
        readonly json: Omit<Static<(typeof getSpaceHierarchy)['response']>['rooms'][number], 'children_state'>;
      }
    | undefined
  >;
}

export interface SpacesDeps {
  readonly storage: { readonly reader: Reader; readonly transactor: Transactor };
  readonly clock: Clock;
  readonly random: Random;
  readonly rooms: Pick<Rooms, 'current'>;
  readonly descriptions: RoomDescriptions;
}

export interface SpacesFeature {
  readonly routes: readonly Route[];
  /** To be registered with the room engine. */
  readonly hook: EventHook;
  readonly children: SpaceChildStore;
  /** The children of a room made anew from its state, for state that came as a whole. */
  childrenFromState(roomId: RoomId): Promise<readonly Statement[]>;
}

export function spacesFeature({ storage, clock, random, rooms, descriptions }: SpacesDeps): SpacesFeature {
  const children = new SpaceChildStore(storage.reader);
  const sessions = new HierarchySessionStore(storage.reader);
  const { transactor } = storage;
  const hierarchy = new Hierarchy({ rooms: descriptions, children, sessions, transactor, clock, random });
  const routes = [
    route(getSpaceHierarchy, ({ requester, params: { roomId }, query }) =>
      hierarchy.page({
        userId: requester.userId,
        roomId,
        suggestedOnly: query.suggested_only,
        maxDepth: query.max_depth,
        limit: query.limit,
        from: query.from,
      }),
    ),
  ];
  return {
    routes,
    children,
    hook: new SpaceChildHook(children),
    childrenFromState: (roomId) => childrenFromState(roomId, rooms.current, children),
  };
}
