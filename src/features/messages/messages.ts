import { invalidParam, MatrixError, notFound } from '#protocol/errors.ts';
import { type CompiledEventFilter, compileEventFilter, parseRoomEventFilter } from '#protocol/filters/index.ts';
import type { EventId, RoomId, UserId } from '#protocol/identifiers/index.ts';
import { decodeSyncToken } from '#platform/streams/index.ts';
import {
  decodeTimelineToken,
  type EventReader,
  encodeTimelineToken,
  placeAfter,
  placeBefore,
  type RoomAccess,
  type RoomIdentity,
  TIMELINE_END,
  TIMELINE_START,
  type TimelinePlace,
} from '#rooms/index.ts';
import { membersOf, type PageStores, pageLimit, pageTexts, readPage } from './page.ts';

export interface MessagesDependencies extends PageStores {
  readonly ignoredBy: (userId: UserId) => Promise<ReadonlySet<string>>;
}

interface MessagesQuery {
  readonly from?: string;
  readonly to?: string;
  readonly dir?: 'b' | 'f';
  readonly limit?: number;
  readonly filter?: string;
}

/**
 * The body of a `/messages`.
 * @throws MatrixError 403 `M_FORBIDDEN` for a room the reader has no access to; 400 `M_INVALID_PARAM` for a token that is none.
 */
export async function readMessages(
  roomId: RoomId,
  query: MessagesQuery,
  reader: EventReader,
  dependencies: MessagesDependencies,
): Promise<string> {
  const access = await dependencies.visibility.accessOf(roomId, reader.userId);
  const { room } = access;
  const direction = query.dir ?? 'f';
  const filter = readFilter(query.filter);
  const from = query.from ? await readPlace(query.from, room, dependencies) : startOf(access, direction);
  const page = await readPage(
    {
      room,
      direction,
      from: clampToAccess(from, access, direction),
      to: query.to ? await readPlace(query.to, room, dependencies) : undefined,
      userId: reader.userId,
      limit: pageLimit(query.limit, filter),
      filter,
      ignored: await dependencies.ignoredBy(reader.userId),
    },
    dependencies,
  );
  const events = page.events.map(({ event }) => event);
  const texts = await pageTexts(page.events, reader, dependencies.clientEvents);
  const parts = [`"chunk":[${texts.join(',')}]`, `"start":${JSON.stringify(encodeTimelineToken(from))}`];
  if (page.end !== undefined) parts.push(`"end":${JSON.stringify(encodeTimelineToken(page.end))}`);
  if (filter.lazyLoadMembers && events.length > 0) {
    const members = await membersOf(events, events[0], room, dependencies);
    const memberTexts = await dependencies.clientEvents.serialize(members, { reader, withAggregations: false });
    parts.push(`"state":[${memberTexts.join(',')}]`);
  }
  return `{${parts.join(',')}}`;
}

/**
 * The body of a `/context`: an event with what came before and after it.
 * @throws MatrixError 404 `M_NOT_FOUND` if the event does not exist for the reader.
 */
export async function readContext(
  roomId: RoomId,
  eventId: EventId,
  query: { readonly limit?: number; readonly filter?: string },
  reader: EventReader,
  dependencies: MessagesDependencies,
): Promise<string> {
  const { room } = await dependencies.visibility.accessOf(roomId, reader.userId);
  const target = await dependencies.visibility.find(eventId, roomId, reader.userId);
  if (target === undefined) throw notFound('Event not found');
  const filter = readFilter(query.filter);
  const limit = query.limit === 0 ? 0 : pageLimit(query.limit, filter);
  const ignored = await dependencies.ignoredBy(reader.userId);
  const around = (direction: 'b' | 'f', count: number, from: TimelinePlace) =>
    count === 0
      ? { events: [], end: from }
      : readPage({ room, direction, from, to: undefined, userId: reader.userId, limit: count, filter, ignored }, dependencies);
  const before = await around('b', Math.ceil(limit / 2), placeBefore(target.event));
  const after = await around('f', Math.floor(limit / 2), placeAfter(target.event));
  const oldest = before.events.at(-1)?.event ?? target.event;
  const newest = after.events.at(-1)?.event ?? target.event;
  const view = newest.stateAfter === undefined ? undefined : dependencies.current.at(room, newest.stateAfter);
  const shown = [...before.events, target, ...after.events].map(({ event }) => event);
  const state = filter.lazyLoadMembers
    ? [...((await view?.all()) ?? []).filter((event) => event.type !== 'm.room.member'), ...(await membersOf(shown, newest, room, dependencies))]
    : ((await view?.all()) ?? []);
  const { clientEvents } = dependencies;
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

/** Reads a filter given as JSON in a query. */
function readFilter(text: string | undefined): CompiledEventFilter {
  if (text === undefined || text === '') return compileEventFilter();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new MatrixError('M_NOT_JSON', 'filter is not JSON');
  }
  return compileEventFilter(parseRoomEventFilter(json));
}

/** A token of this room's timeline, or a sync token. A place beyond the timeline is its end: it shows nothing more. */
async function readPlace(token: string, room: RoomIdentity, { timeline }: Pick<PageStores, 'timeline'>): Promise<TimelinePlace> {
  const place = decodeTimelineToken(token);
  if (place !== undefined) return place;
  const position = decodeSyncToken(token);
  if (position === undefined) throw invalidParam('Not a pagination token');
  return timeline.placeAt(room.nid, position);
}

function startOf(access: RoomAccess, direction: 'b' | 'f'): TimelinePlace {
  if (direction === 'f') return TIMELINE_START;
  return access.kind === 'left' ? placeAfter(access.until) : TIMELINE_END;
}

/** Somebody who has left does not wade through what came after. */
function clampToAccess(place: TimelinePlace, access: RoomAccess, direction: 'b' | 'f'): TimelinePlace {
  if (access.kind !== 'left' || direction === 'f') return place;
  const until = placeAfter(access.until);
  return place.depth > until.depth ? until : place;
}
