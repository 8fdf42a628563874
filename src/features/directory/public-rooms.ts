import type { Static } from '@sinclair/typebox';
import type { getPublicRooms } from '#api/client/list-public-rooms.ts';
import { invalidParam } from '#protocol/errors.ts';
import type { DirectoryPlace, DirectoryQuery, PublishedRooms } from './index.ts';

export type PublicRoomsAnswer = Static<(typeof getPublicRooms)['response']>;

/** A request for a page of the directory. */
export interface PublicRoomsRequest {
  readonly limit?: number | undefined;
  readonly since?: string | undefined;
  readonly filter?:
    | { readonly generic_search_term?: string; readonly room_types?: readonly (string | null)[] }
    | undefined;
  readonly includeAllNetworks?: boolean | undefined;
  readonly thirdPartyInstanceId?: string | undefined;
  /** Asked by another server: without the rooms that it could not join. */
  readonly federatableOnly?: boolean | undefined;
}

type Direction = 'forward' | 'backward';

const LIMIT_MAX = 100;
const ROOM_TYPES_MAX = 50;

/**
 * A page of the room directory, the largest rooms first.
 * https://spec.matrix.org/v1.19/client-server-api/#published-room-directory
 */
export async function readPublicRooms(rooms: PublishedRooms, request: PublicRoomsRequest): Promise<PublicRoomsAnswer> {
  const query = toQuery(request);
  const limit = toLimit(request.limit);
  const from = request.since === undefined ? undefined : decodeToken(request.since);
  const found = await rooms.page(query, limit + 1, from);
  const isBackward = from?.direction === 'backward';
  const hasMore = found.length > limit;
  // Of a backward page the one too many stands first.
  const page = hasMore ? (isBackward ? found.slice(1) : found.slice(0, limit)) : found;
  const [first, last] = [page[0], page.at(-1)];
  const hasBefore = isBackward ? hasMore : from !== undefined;
  const hasAfter = isBackward || hasMore;
  return {
    chunk: page.map(({ chunk }) => chunk),
    total_room_count_estimate: await rooms.count(query),
    ...(hasAfter && last !== undefined ? { next_batch: encodeToken('forward', last) } : {}),
    ...(hasBefore && first !== undefined ? { prev_batch: encodeToken('backward', first) } : {}),
  };
}

function toQuery({
  filter,
  includeAllNetworks,
  thirdPartyInstanceId,
  federatableOnly,
}: PublicRoomsRequest): DirectoryQuery {
  if (includeAllNetworks && thirdPartyInstanceId !== undefined) {
    throw invalidParam('include_all_networks and third_party_instance_id exclude each other');
  }
  if ((filter?.room_types?.length ?? 0) > ROOM_TYPES_MAX) throw invalidParam('Too many room types');
  return {
    searchTerm: filter?.generic_search_term,
    roomTypes: filter?.room_types,
    federatableOnly,
    list: includeAllNetworks ? 'all' : thirdPartyInstanceId === undefined ? 'own' : { network: thirdPartyInstanceId },
  };
}

/** Clients send 0 for "as many as you like". */
function toLimit(limit: number | undefined): number {
  if (limit !== undefined && limit < 0) throw invalidParam('The limit must not be negative');
  return limit === undefined || limit === 0 ? LIMIT_MAX : Math.min(limit, LIMIT_MAX);
}

/** A token says from which room on, and in which direction; it needs nothing to be kept, and never expires. */
function encodeToken(direction: Direction, { joinedCount, roomNid }: DirectoryPlace): string {
  return `${direction === 'forward' ? 'n' : 'p'}${joinedCount}_${roomNid}`;
}

function decodeToken(token: string): DirectoryPlace & { readonly direction: Direction } {
  const match = /^([np])(\d{1,15})_(\d{1,15})$/.exec(token);
  if (match === null) throw invalidParam('Unknown pagination token');
  const direction = match[1] === 'n' ? 'forward' : 'backward';
  return { direction, joinedCount: Number(match[2]), roomNid: Number(match[3]) };
}
