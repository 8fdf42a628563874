/**
 * How events relate: reactions, edits, threads, references. Stores the relation with each event, answers `/relations` and
 * `/threads`, and bundles what relates to an event into its `unsigned`. Not here: whether an event may be sent
 * (`send-event`), and unread counts by thread (`notifications`).
 */
import {
  getRelatingEvents,
  getRelatingEventsWithRelType,
  getRelatingEventsWithRelTypeAndEventType,
} from '#api/client/relations.ts';
import { getThreadRoots } from '#api/client/threads-list.ts';
import { JsonText, type Route, route } from '#api/endpoint.ts';
import type { Reader } from '#platform/storage/ports.ts';
import type { Relation } from '#protocol/filters/index.ts';
import type { EventId, RoomId, ServerName, UserId } from '#protocol/identifiers/index.ts';
import type {
  ClientEvents,
  EventHook,
  EventReader,
  EventStore,
  NewEvent,
  RelationsOf,
  RoomDirectory,
  StoredEvent,
  TimelineStore,
  Visibility,
} from '#rooms/index.ts';
import { Aggregations } from './aggregations.ts';
import { RelatedEventStore } from './related-event-store.ts';
import { RelatedEvents, type RelationsQuery } from './related-events.ts';
import { RelationHook } from './relation-hook.ts';
import { RelationStore } from './relation-store.ts';
import { ThreadList } from './thread-list.ts';
import { threadRootOf } from './thread-root.ts';

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
  /** Whether it is known, at once, that an event has no such thing for anybody. */
  hasNoAggregations(event: StoredEvent): boolean;
  readonly relationsOf: RelationsOf;
  isDuplicateAnnotation(roomId: RoomId, sender: UserId, parent: EventId, key: string, type: string): Promise<boolean>;
  /** The root of the thread an event belongs to; `undefined` for the main timeline. */
  threadRootOf(event: Pick<NewEvent, 'content' | 'stateKey' | 'roomNid'>): Promise<EventId | undefined>;
}

export function relationsFeature(deps: RelationsDeps): RelationsFeature {
  const store = new RelationStore(deps.reader);
  const related = new RelatedEventStore(deps.reader, deps.events);
  const aggregations = new Aggregations({ ...deps, store });
  const relatedEvents = new RelatedEvents({ ...deps, related });
  const threads = new ThreadList({ ...deps, store, related });
  const ask = async (
    params: { roomId: RoomId; eventId: string; relType?: string; eventType?: string },
    query: RelationsQuery,
    reader: EventReader,
  ) => {
    const { roomId, eventId, relType, eventType } = params;
    return new JsonText(await relatedEvents.of(roomId, eventId as EventId, { ...query, relType, eventType }, reader));
  };
  return {
    hooks: [new RelationHook(store, deps.events), aggregations],
    aggregations: (events, reader) => aggregations.of(events, reader),
    hasNoAggregations: (event) => aggregations.hasNone(event),
    relationsOf: (events) => relationsOf(events, store),
    async isDuplicateAnnotation(roomId, sender, parent, key, type) {
      const room = await deps.directory.find(roomId);
      return room !== undefined && store.hasAnnotation(room.nid, parent, key, sender, type);
    },
    threadRootOf: (event) => threadRootOf(event, deps.events),
    routes: [
      route(getRelatingEvents, ({ requester, params, query }) => ask(params, query, requester)),
      route(getRelatingEventsWithRelType, ({ requester, params, query }) => ask(params, query, requester)),
      route(getRelatingEventsWithRelTypeAndEventType, ({ requester, params, query }) => ask(params, query, requester)),
      route(
        getThreadRoots,
        async ({ requester, params, query }) => new JsonText(await threads.of(params.roomId, query, requester)),
      ),
    ],
  };
}

/** What relates to each event, as filters ask for it. */
async function relationsOf(
  events: readonly StoredEvent[],
  store: RelationStore,
): Promise<ReadonlyMap<number, readonly Relation[]>> {
  const found = new Map<number, Relation[]>();
  for (const roomNid of new Set(events.map((event) => event.roomNid))) {
    const nids = new Map(events.filter((event) => event.roomNid === roomNid).map(({ eventId, nid }) => [eventId, nid]));
    for (const { parentId, sender, relType } of await store.sendersOf(roomNid, [...nids.keys()])) {
      const nid = nids.get(parentId)!;
      const known = found.get(nid);
      if (known === undefined) found.set(nid, [{ sender, relType }]);
      else known.push({ sender, relType });
    }
  }
  return found;
}
