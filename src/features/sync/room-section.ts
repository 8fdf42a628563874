import { applyEventFields, matchesEvent } from '#protocol/filters/index.ts';
import type { RoomId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import {
  type ClientEvents,
  heroesFor,
  type RoomIdentity,
  type RoomSummaries,
  type StoredEvent,
  type TimelineStore,
  type Visibility,
  type VisibleEvent,
} from '#rooms/index.ts';
import { type LeftRoom, readState, type StateStoresForSync } from './room-state.ts';
import { readTimeline, type TimelinePart } from './room-timeline.ts';
import type { SharedTimelines, TimelineText } from './shared-timelines.ts';
import type { RoomUnread, SideEvent, UnreadCounts } from './sources.ts';
import type { SyncRequest } from './sync-request.ts';

export interface RoomStores extends StateStoresForSync {
  readonly timeline: TimelineStore;
  readonly visibility: Visibility;
  readonly clientEvents: ClientEvents;
  readonly summaries: RoomSummaries;
  readonly sharedTimelines: SharedTimelines;
}

/** What a room's section is made from. */
export interface RoomQuery {
  readonly room: RoomIdentity;
  readonly request: SyncRequest;
  /** From where the client knows the room; absent: it knows nothing of it. */
  readonly since: number | undefined;
  readonly upTo: number;
  readonly ignored: ReadonlySet<string>;
  readonly left?: LeftRoom | undefined;
  /** New other than events: receipts, typing, account data, counts. */
  readonly sides: RoomSides;
}

export interface RoomSides {
  readonly ephemeral: readonly SideEvent[];
  readonly accountData: readonly SideEvent[];
  readonly unread: RoomUnread | undefined;
}

/** What a summary follows from: with another name, a room has heroes or has them no more. */
const SUMMED_UP: ReadonlySet<string> = new Set(['m.room.member', 'm.room.name', 'm.room.canonical_alias']);

const NO_STATE: Awaited<ReturnType<typeof stateAndSummary>> = { state: [], summary: undefined, heroes: [] };

export const NO_SIDES: RoomSides = { ephemeral: [], accountData: [], unread: undefined };

/** The JSON text of a joined or left room, `undefined` if there is nothing to tell of it. */
export async function roomSection(query: RoomQuery, stores: RoomStores): Promise<string | undefined> {
  const { room, request, since, sides } = query;
  const shared = { roomNid: room.nid, request, since, upTo: query.upTo, ignored: query.ignored };
  const found = query.left === undefined ? stores.sharedTimelines.find(shared, stores) : undefined;
  const { events, text: timeline } = found ?? (await makeTimeline(query, stores));
  // State resolution may take a member away without an event to show for it.
  const mayTellState = since === undefined || request.fullState || stores.tracker.states.hasChanged(room.roomId, since);
  const isPlain = query.left === undefined && !mayTellState && !events.some(({ type }) => SUMMED_UP.has(type));
  const { state, summary, heroes } =
    isPlain && !request.filter.lazyLoadMembers ? NO_STATE : await stateAndSummary(query, events, stores);
  const tellsSummary = !isPlain || state.some(({ type }) => SUMMED_UP.has(type));
  const accountData = sides.accountData.filter((event) =>
    passesSide(request.filter.roomAccountData, event, room.roomId),
  );
  const ephemeral = sides.ephemeral.filter((event) => passesSide(request.filter.ephemeral, event, room.roomId));
  const nothing = events.length === 0 && state.length === 0 && accountData.length === 0 && ephemeral.length === 0;
  // That the reader has left is told even where nothing is to be shown of it.
  if (nothing && since !== undefined && !request.fullState && query.left === undefined) return undefined;

  const parts = [
    `"timeline":${timeline}`,
    `"${request.stateAfterKey ?? 'state'}":{"events":[${state.length === 0 ? '' : (await eventTexts(state, query, stores)).join(',')}]}`,
    `"account_data":${sideEventsText(accountData)}`,
  ];
  if (query.left === undefined) {
    parts.push(`"ephemeral":${sideEventsText(ephemeral)}`);
    if (summary !== undefined && tellsSummary) parts.push(`"summary":${JSON.stringify(await summaryOf())}`);
    if (sides.unread !== undefined) parts.push(...unreadTexts(sides.unread, request.filter.unreadThreadNotifications));
  }
  return `{${parts.join(',')}}`;

  async function summaryOf(): Promise<JsonObject> {
    const view = await stores.current.ofRoom(room);
    const isNamed = await hasName(view);
    return {
      ...(isNamed ? {} : { 'm.heroes': heroes }),
      'm.joined_member_count': summary?.joinedCount ?? 0,
      'm.invited_member_count': summary?.invitedCount ?? 0,
    };
  }
}

/** Whether the reader has come into the room since the client's token. */
function isNewToClient({ request, since, left }: RoomQuery): boolean {
  return left === undefined && since === undefined && request.since !== undefined;
}

/** The timeline's text; told to others as well where they are told the same. */
async function makeTimeline(query: RoomQuery, stores: RoomStores): Promise<TimelineText> {
  const { room, request, since, left } = query;
  const range = { roomNid: room.nid, userId: request.userId, after: since ?? 0, upTo: left?.position ?? query.upTo };
  const timeline = { ...range, filter: request.filter.timeline, ignored: query.ignored, last: left?.own };
  const part = await readTimeline(timeline, stores);
  const text = await timelineText(part, query, stores);
  if (left === undefined) {
    const shared = { roomNid: room.nid, request, since, upTo: query.upTo, ignored: query.ignored };
    stores.sharedTimelines.offer(shared, part, text, stores);
  }
  return { events: part.events.map(({ event }) => event), text };
}

async function stateAndSummary(query: RoomQuery, timeline: readonly StoredEvent[], stores: RoomStores) {
  const summary = query.left === undefined ? await stores.summaries.of(query.room.nid) : undefined;
  const heroes = summary === undefined ? [] : heroesFor(summary, query.request.userId);
  return { state: await readState({ ...query, timeline, heroes }, stores), summary, heroes };
}

type View = Awaited<ReturnType<RoomStores['current']['ofRoom']>>;

/** Clients name a room by its heroes only if it has neither name nor alias. */
async function hasName(view: View): Promise<boolean> {
  const name = (await view?.get('m.room.name'))?.content.name;
  if (typeof name === 'string' && name !== '') return true;
  const alias = (await view?.get('m.room.canonical_alias'))?.content.alias;
  return typeof alias === 'string' && alias !== '';
}

async function timelineText(part: TimelinePart, query: RoomQuery, stores: RoomStores): Promise<string> {
  const texts = await eventTexts(
    part.events.map(({ event }) => event),
    query,
    stores,
    part.events,
  );
  const prevBatch = part.prevBatch === undefined ? '' : `,"prev_batch":${JSON.stringify(part.prevBatch)}`;
  // A room that is new to a client with a token is never a continuation of what it may still have of the room.
  const limited = part.limited || isNewToClient(query);
  return `{"events":[${texts.join(',')}],"limited":${limited}${prevBatch}}`;
}

async function eventTexts(
  events: readonly StoredEvent[],
  { request }: RoomQuery,
  stores: RoomStores,
  visible?: readonly VisibleEvent[],
): Promise<string[]> {
  const texts = await stores.clientEvents.serialize(events, {
    reader: request,
    withoutRoomId: true,
    format: request.filter.eventFormat,
    withAggregations: visible !== undefined,
    ...(visible === undefined
      ? {}
      : { memberships: new Map(visible.map(({ event, membership }) => [event.nid, membership])) }),
  });
  const fields = request.filter.eventFields;
  if (fields === undefined) return texts;
  return texts.map((text) => JSON.stringify(applyEventFields(fields, JSON.parse(text) as JsonObject)));
}

/** `{"events":[…]}` of events that are no room events. */
export function sideEventsText(events: readonly SideEvent[]): string {
  return `{"events":[${events.map(({ text }) => text).join(',')}]}`;
}

/** Whether such an event passes a filter of the client's. */
export function passesSide(
  filter: SyncRequest['filter']['presence'],
  { type, sender, text }: SideEvent,
  roomId?: RoomId,
): boolean {
  if (filter.passesAll) return true;
  const content = filter.containsUrl === undefined ? undefined : (JSON.parse(text) as JsonObject).content;
  return matchesEvent(filter, { type, sender, roomId, content });
}

function unreadTexts({ total, main, threads }: RoomUnread, byThread: boolean): string[] {
  const texts = [`"unread_notifications":${countsText(byThread ? main : total)}`];
  if (byThread && threads.size > 0) {
    const entries = [...threads].map(([root, counts]) => `${JSON.stringify(root)}:${countsText(counts)}`);
    texts.push(`"unread_thread_notifications":{${entries.join(',')}}`);
  }
  return texts;
}

function countsText({ notificationCount, highlightCount }: UnreadCounts): string {
  return `{"notification_count":${notificationCount},"highlight_count":${highlightCount}}`;
}
