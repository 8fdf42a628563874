/**
 * `/sync`: everything new since a token, for one device. An aggregator: it asks the room engine for rooms and the slices
 * for the rest (`sources.ts`), and splices texts together.
 *
 * `sync.ts` waits; `sync-answer.ts` puts an answer together; `room-section.ts` one room of it, from `room-timeline.ts` and
 * `room-state.ts`; `shared-timelines.ts` gives readers of the same message the same text; `room-moves.ts` finds rooms joined and left; `change-tracker.ts` knows what cannot have changed.
 */

import { sync } from '#api/client/sync.ts';
import { JsonText, type Route, route } from '#api/endpoint.ts';
import { answerSync, type SyncDependencies } from './sync.ts';
import { SyncFilters } from './sync-filters.ts';
import { readSyncRequest } from './sync-request.ts';

export { ChangeTracker } from './change-tracker.ts';
export { LazyMembers } from './lazy-members.ts';
export { SharedTimelines } from './shared-timelines.ts';
export type { Range, RoomMoves, RoomUnread, SideEvent, SyncSources, UnreadCounts } from './sources.ts';
export type { SetPresence } from './sync-request.ts';

export function syncFeature(dependencies: SyncDependencies): { readonly routes: readonly Route[] } {
  const filters = new SyncFilters(dependencies.sources);
  return {
    routes: [
      route(sync, async ({ requester, query, request }) => {
        const read = await readSyncRequest(query, requester, filters);
        return new JsonText(await answerSync(read, dependencies, request.ending));
      }),
    ],
  };
}
