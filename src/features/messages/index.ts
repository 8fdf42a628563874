/**
 * Reading the history of a room: pages of it (`/messages`), what surrounds an event (`/context`), and the event at a time
 * (`/timestamp_to_event`). Not here: relations and threads (`relations`), search, and the newest events (`sync`).
 */

import { getEventContext } from '#api/client/event-context.ts';
import { getRoomEvents } from '#api/client/message-pagination.ts';
import { getEventByTimestamp } from '#api/client/room-event-by-timestamp.ts';
import { JsonText, type Route, route } from '#api/endpoint.ts';
import type { Reader } from '#platform/storage/ports.ts';
import type { EventId } from '#protocol/identifiers/index.ts';
import type { EventStore } from '#rooms/index.ts';
import { readContext } from './context.ts';
import { findEventAt } from './event-at-time.ts';
import { EventTimeStore } from './event-time-store.ts';
import { type MessagesDependencies, readMessages } from './messages.ts';

export function messagesFeature(
  dependencies: MessagesDependencies & { readonly reader: Reader; readonly events: EventStore },
): { readonly routes: readonly Route[] } {
  const times = new EventTimeStore(dependencies.reader, dependencies.events);
  const { visibility } = dependencies;
  return {
    routes: [
      route(getRoomEvents, async ({ requester, params, query }) => {
        return new JsonText(await readMessages(params.roomId, query, requester, dependencies));
      }),
      route(getEventContext, async ({ requester, params, query }) => {
        return new JsonText(
          await readContext(params.roomId, params.eventId as EventId, query, requester, dependencies),
        );
      }),
      route(getEventByTimestamp, async ({ requester, params, query }) => {
        const event = await findEventAt(params.roomId, query.ts, query.dir ?? 'f', requester.userId, {
          visibility,
          times,
        });
        return { event_id: event.eventId, origin_server_ts: event.originServerTs };
      }),
    ],
  };
}
