import type { Static } from '@sinclair/typebox';
import type { search as contract } from '#api/client/search.ts';
import { MatrixError } from '#protocol/errors.ts';
import { clampLimit, compileEventFilter, parseRoomEventFilter } from '#protocol/filters/index.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { EventReader, MembershipStore, StoredEvent } from '#rooms/index.ts';
import { findResults, type Result, type ResultStores, startOf } from './find-results.ts';
import { groupsOf } from './groups.ts';
import { type ContextStores, contextText } from './result-context.ts';
import { readSearchQuery, type SearchQuery } from './search-query.ts';
import type { SearchScope } from './search-store.ts';
import { decodeSearchToken, encodeSearchToken, type SearchGroup } from './search-token.ts';
import { searchableRooms } from './searchable-rooms.ts';
import { searchableTextOf } from './searchable-text.ts';
import { wordsOf } from './words.ts';

export interface SearchDependencies extends ResultStores, ContextStores {
  readonly members: MembershipStore;
  readonly ignoredBy: (userId: UserId) => Promise<ReadonlySet<string>>;
}

type Criteria = NonNullable<Static<(typeof contract)['body']>['search_categories']['room_events']>;

const LIMITS = { fallback: 10, max: 100 };
const NOTHING = { results: [], count: 0, next: undefined };

/**
 * The JSON text of `room_events`.
 * @throws MatrixError 400 `M_BAD_JSON`, `M_INVALID_PARAM` for a filter or a token that is none.
 * https://spec.matrix.org/v1.19/client-server-api/#server-side-search
 */
export async function searchRoomEvents(
  criteria: Criteria,
  nextBatch: string | undefined,
  reader: EventReader,
  dependencies: SearchDependencies,
): Promise<string> {
  const order = criteria.order_by ?? 'rank';
  const { rooms, not_rooms: notRooms, ...rest } = parseRoomEventFilter(criteria.filter ?? {});
  const token = nextBatch ? decodeSearchToken(nextBatch, order) : { place: startOf(order), group: undefined };
  const query = readSearchQuery(criteria.search_term);
  const filter = compileEventFilter(rest);
  const ignored = await dependencies.ignoredBy(reader.userId);
  const found =
    query === undefined || filter.blocksAll
      ? NOTHING
      : await findResults(
          {
            scope: await scopeOf(query, criteria, { rooms, not_rooms: notRooms, senders: rest.senders }, token.group, {
              reader,
              dependencies,
            }),
            userId: reader.userId,
            after: token.place,
            limit: clampLimit(filter.limit, LIMITS),
            filter,
            ignored,
          },
          dependencies,
        );
  const parts = [
    `"count":${found.count}`,
    `"highlights":${JSON.stringify(highlightsOf(found.results, query))}`,
    `"results":[${(await resultTexts(found.results, criteria, { reader, ignored, dependencies })).join(',')}]`,
  ];
  if (criteria.include_state === true) {
    parts.push(`"state":${await stateText(found.results, reader, dependencies)}`);
  }
  const keys = criteria.groupings?.group_by?.map(({ key }) => key) ?? [];
  if (keys.length > 0) parts.push(`"groups":${JSON.stringify(groupsOf(found, keys, token))}`);
  if (found.next !== undefined) {
    parts.push(`"next_batch":${JSON.stringify(encodeSearchToken({ place: found.next, group: token.group }))}`);
  }
  return `{${parts.join(',')}}`;
}

async function scopeOf(
  query: SearchQuery,
  criteria: Criteria,
  filter: {
    readonly rooms: readonly string[] | undefined;
    readonly not_rooms: readonly string[] | undefined;
    readonly senders: readonly string[] | undefined;
  },
  group: SearchGroup | undefined,
  { reader, dependencies }: { readonly reader: EventReader; readonly dependencies: SearchDependencies },
): Promise<SearchScope> {
  const { rooms, not_rooms: notRooms } = filter;
  const searched = await searchableRooms(
    reader.userId,
    { ...(rooms && { rooms }), ...(notRooms && { not_rooms: notRooms }) },
    dependencies,
  );
  const groupRoom = group?.key === 'room_id' ? await dependencies.directory.find(group.value as RoomId) : undefined;
  const inGroup = (nids: readonly number[]) =>
    group?.key === 'room_id' ? nids.filter((nid) => nid === groupRoom?.nid) : nids;
  const bySender = group?.key === 'sender' ? [group.value] : undefined;
  return {
    query,
    userId: reader.userId,
    joinedNids: inGroup(searched.joined),
    leftNids: inGroup(searched.left),
    keys: criteria.keys,
    senders: bySender?.filter((sender) => filter.senders?.includes(sender) ?? true) ?? filter.senders,
  };
}

async function resultTexts(
  results: readonly Result[],
  { event_context: context }: Criteria,
  {
    reader,
    ignored,
    dependencies,
  }: {
    readonly reader: EventReader;
    readonly ignored: ReadonlySet<string>;
    readonly dependencies: SearchDependencies;
  },
): Promise<string[]> {
  const texts = await dependencies.clientEvents.serialize(
    results.map(({ event }) => event),
    { reader, memberships: new Map(results.map(({ event, membership }) => [event.nid, membership])) },
  );
  const answers: string[] = [];
  for (const [index, { event, match }] of results.entries()) {
    const around =
      context === undefined ? '' : `,"context":${await contextText(event, context, reader, ignored, dependencies)}`;
    answers.push(`{"rank":${match.rank},"result":${texts[index]}${around}}`);
  }
  return answers;
}

/** The state of each result's room: now, or as it was when the reader left. */
async function stateText(
  results: readonly Result[],
  reader: EventReader,
  { visibility, current, clientEvents }: SearchDependencies,
): Promise<string> {
  const parts: string[] = [];
  for (const roomId of new Set(results.map(({ event }) => event.roomId))) {
    // An event may stay readable in a room that is not, to somebody who was never in it.
    const access = await visibility.accessOf(roomId, reader.userId).catch(unlessRefused);
    if (access === undefined) continue;
    const root = access.kind === 'left' ? access.until.stateAfter : undefined;
    const state = root === undefined ? await current.ofRoom(access.room) : current.at(access.room, root);
    const events: readonly StoredEvent[] = (await state?.all()) ?? [];
    const texts = await clientEvents.serialize(events, { reader, withAggregations: false });
    parts.push(`${JSON.stringify(roomId)}:[${texts.join(',')}]`);
  }
  return `{${parts.join(',')}}`;
}

function unlessRefused(error: unknown): undefined {
  if (!(error instanceof MatrixError)) throw error;
}

/** The words that the results have been found by, as they stand in them. */
function highlightsOf(results: readonly Result[], query: SearchQuery | undefined): string[] {
  const highlights = new Set<string>();
  for (const { event } of results) {
    const text = searchableTextOf(event)?.text ?? '';
    for (const word of wordsOf(text)) if (query?.terms.has(word.term)) highlights.add(word.text);
  }
  return [...highlights];
}
