/**
 * Reading what a room is now, or was when the reader left it: state, members, single events, and the deprecated
 * `initialSync` of one room. Not here: the timeline (`features/messages`), who may read what (`rooms/visibility.ts`).
 */
import type { Route } from '#api/endpoint.ts';
import { RoomInitialSync, type RoomInitialSyncDeps } from './room-initial-sync.ts';
import { type RoomStateDeps, RoomStateReader } from './room-state.ts';
import { roomStateRoutes } from './routes.ts';

export type { RoomInitialSyncDeps } from './room-initial-sync.ts';
export { type RoomStateDeps, RoomStateReader } from './room-state.ts';

export function roomStateFeature(deps: RoomStateDeps & RoomInitialSyncDeps): {
  readonly routes: readonly Route[];
  readonly state: RoomStateReader;
} {
  const state = new RoomStateReader(deps);
  return { routes: roomStateRoutes(state, new RoomInitialSync(state, deps)), state };
}
