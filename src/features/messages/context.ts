import { notFound } from '#protocol/errors.ts';
import type { CompiledEventFilter } from '#protocol/filters/index.ts';
import type { EventId, RoomId } from '#protocol/identifiers/index.ts';
import {
  type EventReader,
  encodeTimelineToken,
  filterEvents,
  placeAfter,
  placeBefore,
  type RoomIdentity,
  type StoredEvent,
  type TimelinePlace,
} from '#rooms/index.ts';
import { type MessagesDependencies, readFilter } from './messages.ts';
import { pageLimit, pageTexts, readPage } from './page.ts';
import { clampToAccess } from './place.ts';

/**
 * The body of a `/context`: an event with what came before and after it.
 * @throws MatrixError 403 `M_FORBIDDEN` for a room the reader has no access to; 404 `M_NOT_FOUND` if the event does not exist
 *   for them.
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidcontexteventid
 */
export async function readContext(
  roomId: RoomId,
  eventId: EventId,
  query: { readonly limit?: number; readonly filter?: string },
  reader: EventReader,
  dependencies: MessagesDependencies,
): Promise<string> {
  const { visibility, clientEvents } = dependencies;
  const { userId } = reader;
  const access = await visibility.accessOf(roomId, userId);
  const { room } = access;
  const ignored = await dependencies.ignoredBy(userId);
  const target = await visibility.find(eventId, roomId, userId);
  if (target === undefined || (ignored.has(target.event.sender) && !target.event.isState)) {
    throw notFound('Event not found');
  }
  const filter = readFilter(query.filter);
  const limit = pageLimit(query.limit, filter);
  const around = (direction: 'b' | 'f', count: number, from: TimelinePlace) => {
    const range = clampToAccess({ from, to: undefined }, access, direction);
    return readPage({ room, direction, ...range, userId, limit: count, filter, ignored }, dependencies);
  };
  const before = await around('b', Math.floor(limit / 2), placeBefore(target.event));
  const after = await around('f', Math.ceil(limit / 2), placeAfter(target.event));
  const oldest = before.events.at(-1)?.event ?? target.event;
  const newest = after.events.at(-1)?.event ?? target.event;
  const shown = [...before.events, target, ...after.events].map(({ event }) => event);
  const state = await stateAt(newest, shown, room, filter, dependencies);
  const stateTexts = await clientEvents.serialize(state, { reader, withAggregations: false });
  return `{${[
    `"start":${JSON.stringify(encodeTimelineToken(placeBefore(oldest)))}`,
    `"end":${JSON.stringify(encodeTimelineToken(placeAfter(newest)))}`,
    `"events_before":[${(await pageTexts(before.events, reader, clientEvents)).join(',')}]`,
    `"event":${(await pageTexts([target], reader, clientEvents))[0]}`,
    `"events_after":[${(await pageTexts(after.events, reader, clientEvents)).join(',')}]`,
    `"state":[${stateTexts.join(',')}]`,
  ].join(',')}}`;
}

/** The state after an event, as far as the filter passes it; of the members, where they are lazy-loaded, who sent `shown`. */
async function stateAt(
  at: StoredEvent,
  shown: readonly StoredEvent[],
  room: RoomIdentity,
  filter: CompiledEventFilter,
  dependencies: MessagesDependencies,
): Promise<StoredEvent[]> {
  if (at.stateAfter === undefined || filter.blocksAll) return [];
  const view = dependencies.current.at(room, at.stateAfter);
  const state = filter.lazyLoadMembers ? await view.lazyLoaded(shown.map((event) => event.sender)) : await view.all();
  return filterEvents(filter, state, (event) => event, dependencies.relationsOf);
}
