import type { Statement } from '#platform/storage/index.ts';
import { canRedact } from '#protocol/event-auth/index.ts';
import { redactRoomEvent } from '#protocol/events/index.ts';
import type { RoomId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type {
  Contribution,
  CurrentState,
  EventHook,
  EventStore,
  HotRoom,
  MembershipStore,
  NewEvent,
  StateView,
  StoredEvent,
} from '#rooms/index.ts';
import { readContent, SEARCHED_TYPES, SUMMARY_TYPES, type SummaryPatch, searchTextOf } from './read-content.ts';
import type { RoomSummaryStore } from './room-summary-store.ts';
import type { RoomSummaryRow } from './tables.ts';

/** Keeps the summaries true, in the batch of each event that changes one. */
export class RoomSummaryHook implements EventHook {
  constructor(
    private readonly store: RoomSummaryStore,
    private readonly events: Pick<EventStore, 'byId'>,
  ) {}

  async prepare(event: NewEvent, room: HotRoom): Promise<Contribution | undefined> {
    if (event.type === 'm.room.redaction') return this.#afterRedaction(event, room);
    if (event.stateKey === undefined) return undefined;
    if (event.type === 'm.room.member') return this.#afterMember(event, event.stateKey, room);
    if (event.stateKey !== '') return undefined;
    return this.#afterState(event.type, event.content, room);
  }

  async #afterMember(event: NewEvent, userId: string, room: HotRoom): Promise<Contribution | undefined> {
    const was = (await room.state.get('m.room.member', userId))?.content.membership === 'join';
    const is = event.content.membership === 'join';
    return was === is ? undefined : writing(this.store.addJoined(room.identity.nid, is ? 1 : -1));
  }

  async #afterState(type: string, content: JsonObject, room: HotRoom): Promise<Contribution | undefined> {
    const patch = readContent(type, content);
    if (patch === undefined) return undefined;
    const { nid } = room.identity;
    if (type === 'm.room.create') return writing(this.store.insert({ ...emptyRow(nid), ...patch }));
    if (!SEARCHED_TYPES.includes(type)) return writing(this.store.patch(nid, patch));
    const searched = { ...(await readState(room.state, SEARCHED_TYPES)), ...patch };
    return writing(this.store.patch(nid, { ...patch, search_text: searchTextOf(searched) }));
  }

  /** A redacted state event stays in force with what is left of its content. */
  async #afterRedaction(event: NewEvent, room: HotRoom): Promise<Contribution | undefined> {
    const target = event.redacts === undefined ? undefined : await this.events.byId(event.redacts);
    if (target?.stateKey !== '' || !SUMMARY_TYPES.includes(target.type)) return undefined;
    if (target.type === 'm.room.create') return undefined;
    if ((await room.state.get(target.type, ''))?.eventId !== target.eventId) return undefined;
    if (!canRedact(await room.powerLevels(), event, target, room.identity.rules)) return undefined;
    return this.#afterState(target.type, redactRoomEvent(target, target.rules).content, room);
  }
}

/** Makes a room's summary anew from its current state: for a room whose state came as a whole. */
export async function summarizeState(
  roomId: RoomId,
  deps: { readonly current: CurrentState; readonly members: MembershipStore; readonly store: RoomSummaryStore },
): Promise<Statement | undefined> {
  const state = await deps.current.of(roomId);
  if (state === undefined) return undefined;
  const known = await deps.store.find(roomId);
  const patch = await readState(state, SUMMARY_TYPES);
  return deps.store.insert({
    ...emptyRow(state.room.nid),
    ...patch,
    joined_count: await deps.members.countJoined(state.room.nid),
    is_published: known?.isPublished ? 1 : 0,
    search_text: searchTextOf(patch),
  });
}

async function readState(state: StateView, types: readonly string[]): Promise<SummaryPatch> {
  let patch: SummaryPatch = {};
  for (const type of types) {
    const event = await state.get(type);
    if (event !== undefined) patch = { ...patch, ...readContent(type, contentInForce(event)) };
  }
  return patch;
}

function contentInForce(event: StoredEvent): JsonObject {
  return event.redactedBy === undefined ? event.content : redactRoomEvent(event, event.rules).content;
}

const writing =
  (query: Statement): Contribution =>
  (batch) =>
    void batch.add(query);

function emptyRow(roomNid: number): RoomSummaryRow {
  return {
    room_nid: roomNid,
    name: null,
    topic: null,
    canonical_alias: null,
    avatar_url: null,
    joined_count: 0,
    join_rule: null,
    allowed_room_ids: null,
    guest_access: null,
    history_visibility: null,
    room_type: null,
    encryption: null,
    is_federatable: 1,
    is_published: 0,
    search_text: '',
  };
}
