/**
 * The endpoints from before `/sync`, which old clients and bots still use: `/events`, an event by its id alone, and
 * `/initialSync`. Not here: `/sync` itself, and the `initialSync` of one room (`room-state`).
 */
import { getEvents, getOneEvent, initialSync } from '#api/client/old-sync.ts';
import { JsonText, type Route, route } from '#api/endpoint.ts';
import { isStorableText } from '#platform/storage/index.ts';
import type { Reader } from '#platform/storage/ports.ts';
import { notFound } from '#protocol/errors.ts';
import type { EventId } from '#protocol/identifiers/index.ts';
import type { EventReader } from '#rooms/index.ts';
import { EventStream, type EventStreamDeps } from './event-stream.ts';
import { InitialSync, type InitialSyncDeps } from './initial-sync.ts';
import { NewEventsStore } from './new-events-store.ts';

export type OldSyncDeps = Omit<EventStreamDeps, 'store'> & InitialSyncDeps & { readonly reader: Reader };

export function oldSyncFeature(deps: OldSyncDeps): { readonly routes: readonly Route[] } {
  const stream = new EventStream({ ...deps, store: new NewEventsStore(deps.reader, deps.events) });
  const everything = new InitialSync(deps);
  return {
    routes: [
      route(
        getEvents,
        async ({ requester, query, request }) => new JsonText(await stream.read(query, requester, request.signal)),
      ),
      route(
        getOneEvent,
        async ({ requester, params }) => new JsonText(await readEvent(params.eventId, requester, deps)),
      ),
      route(initialSync, async ({ requester, query }) => new JsonText(await everything.read(query, requester))),
    ],
  };
}

/** One event, whatever its room. @throws MatrixError 404 `M_NOT_FOUND` also if the reader may not see it. */
async function readEvent(
  eventId: string,
  reader: EventReader,
  { events, visibility, clientEvents }: Pick<OldSyncDeps, 'events' | 'visibility' | 'clientEvents'>,
): Promise<string> {
  const event = isStorableText(eventId) ? await events.byId(eventId as EventId) : undefined;
  const found = event === undefined ? undefined : await visibility.find(event.eventId, event.roomId, reader.userId);
  if (found === undefined) throw notFound('There is no such event');
  const memberships = new Map([[found.event.nid, found.membership]]);
  return clientEvents.serializeOne(found.event, { reader, memberships });
}
