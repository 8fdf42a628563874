/**
 * How events relate: reactions, edits, threads, references. Stores the relation with each event, answers `/relations` and
 * `/threads`, and bundles what relates to an event into its `unsigned`. Not here: whether an event may be sent
 * (`send-event`), and unread counts by thread (`notifications`).
 */
import { getRelatingEvents, getRelatingEventsWithRelType, getRelatingEventsWithRelTypeAndEventType } from '#api/client/relations.ts';
import { getThreadRoots } from '#api/client/threads-list.ts';
import { JsonText, type Route, route } from '#api/endpoint.ts';
import type { EventId, RoomId, ServerName, UserId } from '#protocol/identifiers/index.ts';
import type { Reader } from '#platform/storage/ports.ts';
import type { ClientEvents, EventHook, EventReader, EventStore, NewEvent, RelationsOf, RoomDirectory, StoredEvent, TimelineStore, Visibility } from '#rooms/index.ts';
import { Aggregations } from './aggregations.ts';
import { RelatedEvents } from './related-events.ts';
import { relationOf } from './relation.ts';
import { RelationHook } from './relation-hook.ts';
import { RelationStore } from './relation-store.ts';

export interface RelationsDeps {
  readonly reader: Reader;
  readonly serverName: ServerName;
  readonly events: EventStore;
  readonly directory: RoomDirectory;
  readonly timeline: TimelineStore;
  readonly visibility: Visibility;
  readonly clientEvents: () => ClientEvents;
  readonly ignoredBy: (userId: UserId) => Promise<ReadonlySet<string>>;
}

export interface RelationsFeature {
  readonly routes: readonly Route[];
  readonly hooks: readonly EventHook[];
  /** `unsigned.m.relations` of events. */
  aggregations(events: readonly StoredEvent[], reader: EventReader): Promise<ReadonlyMap<number, string>>;
  readonly relationsOf: RelationsOf;
  isDuplicateAnnotation(roomId: RoomId, sender: UserId, parent: EventId, key: string, type: string): Promise<boolean>;
  /** The root of the thread an event belongs to; `undefined` for the main timeline. */
  threadRootOf(event: Pick<NewEvent, 'content' | 'stateKey'>): Promise<EventId | undefined>;
}

/** How many relations away from a threaded event an event still belongs to its thread. */
const THREAD_HOPS = 3;

export function relationsFeature(deps: RelationsDeps): RelationsFeature {
  const store = new RelationStore(deps.reader, deps.events);
  const aggregations = new Aggregations({ ...deps, store });
  const related = new RelatedEvents({ ...deps, store });
  const ask = async (
    params: { roomId: RoomId; eventId: string; relType?: string; eventType?: string },
    query: { from?: string; to?: string; limit?: number; dir?: 'b' | 'f'; recurse?: boolean },
    reader: EventReader,
  ) => {
    const { roomId, eventId, relType, eventType } = params;
    return new JsonText(await related.of(roomId, eventId as EventId, { ...query, relType, eventType }, reader));
  };
  return {
    hooks: [new RelationHook(store), aggregations],
    aggregations: (events, reader) => aggregations.of(events, reader),
    relationsOf: (events) => store.forFilters(events),
    async isDuplicateAnnotation(roomId, sender, parent, key, type) {
      const room = await deps.directory.find(roomId);
      return room !== undefined && store.hasAnnotation(room.nid, parent, key, sender, type);
    },
    async threadRootOf(event) {
      let relation = event.stateKey === undefined ? relationOf(event.content) : undefined;
      for (let hop = 0; relation !== undefined && hop < THREAD_HOPS; hop++) {
        if (relation.relType === 'm.thread') return relation.parentId;
        const parent = await deps.events.byId(relation.parentId);
        relation = parent === undefined || parent.isState ? undefined : relationOf(parent.content);
      }
      return undefined;
    },
    routes: [
      route(getRelatingEvents, ({ requester, params, query }) => ask(params, query, requester)),
      route(getRelatingEventsWithRelType, ({ requester, params, query }) => ask(params, query, requester)),
      route(getRelatingEventsWithRelTypeAndEventType, ({ requester, params, query }) => ask(params, query, requester)),
      route(getThreadRoots, async ({ requester, params, query }) => new JsonText(await related.threads(params.roomId, query, requester))),
    ],
  };
}
