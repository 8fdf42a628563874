/**
 * Room summaries: what is told of a room to those who are not in it (name, members, join rule, ...), one row a room, kept in
 * the batch of every event that changes it, and who may see it. Here is also the summary endpoint. The room directory, which
 * lists the published ones, and the space hierarchy are slices of their own that ask here.
 */
import type { Route } from '#api/endpoint.ts';
import type { Reader, Statement } from '#platform/storage/index.ts';
import type { RoomId } from '#protocol/identifiers/index.ts';
import type { EventHook, Rooms } from '#rooms/index.ts';
import { RoomPreviews } from './room-previews.ts';
import { RoomSummaryHook, summarizeState } from './room-summary-hook.ts';
import { RoomSummaryStore } from './room-summary-store.ts';
import { type ResolveAlias, roomSummaryRoutes } from './routes.ts';

export type { DescribedRoom, RoomPreview, RoomPreviews } from './room-previews.ts';
export type { DirectoryPlace, DirectoryQuery, ListedRoom, RoomSummaryStore } from './room-summary-store.ts';
export type { ResolveAlias } from './routes.ts';
export type { PublicRoomsChunk } from './summary-json.ts';
export type { RoomSummary } from './tables.ts';

export interface RoomSummaryDeps {
  readonly reader: Reader;
  readonly rooms: Pick<Rooms, 'members' | 'joined' | 'current'>;
  readonly resolveAlias: ResolveAlias;
}

export interface RoomSummaryFeature {
  readonly routes: readonly Route[];
  /** To be registered with the room engine. */
  readonly hook: EventHook;
  readonly summaries: RoomSummaryStore;
  readonly previews: RoomPreviews;
  /** A room's summary made anew from its state, for state that came as a whole; `undefined` for a room without state. */
  summarize(roomId: RoomId): Promise<Statement | undefined>;
}

export function roomSummaryFeature({ reader, rooms, resolveAlias }: RoomSummaryDeps): RoomSummaryFeature {
  const store = new RoomSummaryStore(reader);
  const previews = new RoomPreviews({ store, members: rooms.members, joined: rooms.joined });
  return {
    routes: roomSummaryRoutes(previews, resolveAlias),
    hook: new RoomSummaryHook(store),
    summaries: store,
    previews,
    summarize: (roomId) => summarizeState(roomId, { current: rooms.current, members: rooms.members, store }),
  };
}
