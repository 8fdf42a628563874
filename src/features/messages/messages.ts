import { MatrixError } from '#protocol/errors.ts';
import { type CompiledEventFilter, compileEventFilter, parseRoomEventFilter } from '#protocol/filters/index.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import { type EventReader, encodeTimelineToken } from '#rooms/index.ts';
import { membersOf, type PageStores, pageLimit, pageTexts, readPage } from './page.ts';
import { clampToAccess, readPlace, startOf } from './place.ts';

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
 * https://spec.matrix.org/v1.19/client-server-api/#get_matrixclientv3roomsroomidmessages
 */
export async function readMessages(
  roomId: RoomId,
  query: MessagesQuery,
  reader: EventReader,
  dependencies: MessagesDependencies,
): Promise<string> {
  const { visibility, timeline, clientEvents } = dependencies;
  const access = await visibility.accessOf(roomId, reader.userId);
  const { room } = access;
  const direction = query.dir ?? 'f';
  const filter = readFilter(query.filter);
  const from = query.from ? await readPlace(query.from, room, timeline) : await startOf(access, direction, timeline);
  const to = query.to ? await readPlace(query.to, room, timeline) : undefined;
  const page = await readPage(
    {
      room,
      direction,
      ...clampToAccess({ from, to }, access, direction),
      userId: reader.userId,
      limit: pageLimit(query.limit, filter),
      filter,
      ignored: await dependencies.ignoredBy(reader.userId),
    },
    dependencies,
  );
  const texts = await pageTexts(page.events, reader, clientEvents);
  const parts = [`"chunk":[${texts.join(',')}]`, `"start":${JSON.stringify(query.from || encodeTimelineToken(from))}`];
  if (page.end !== undefined) parts.push(`"end":${JSON.stringify(encodeTimelineToken(page.end))}`);
  if (filter.lazyLoadMembers && page.events.length > 0) {
    const events = page.events.map(({ event }) => event);
    // As at the start of the chunk, from where the client tells the state of the rest.
    const members = await membersOf(events, [events[0], events.at(-1)], room, dependencies);
    const memberTexts = await clientEvents.serialize(members, { reader, withAggregations: false });
    parts.push(`"state":[${memberTexts.join(',')}]`);
  }
  return `{${parts.join(',')}}`;
}

/** Reads a filter given as JSON in a query. @throws MatrixError 400 `M_NOT_JSON`, `M_BAD_JSON`. */
export function readFilter(text: string | undefined): CompiledEventFilter {
  if (text === undefined || text === '') return compileEventFilter();
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new MatrixError('M_NOT_JSON', 'filter is not JSON');
  }
  return compileEventFilter(parseRoomEventFilter(json));
}
