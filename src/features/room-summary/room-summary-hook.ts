import type { Statement } from '#platform/storage/index.ts';
import type { RoomId } from '#protocol/identifiers/index.ts';
import type {
  Contribution,
  CurrentState,
  EventHook,
  HotRoom,
  MembershipStore,
  StateChange,
  StateView,
} from '#rooms/index.ts';
import { readContent, SEARCHED_TYPES, SUMMARY_TYPES, type SummaryPatch, searchTextOf } from './read-content.ts';
import type { RoomSummaryStore } from './room-summary-store.ts';
import type { RoomSummaryRow } from './tables.ts';

/** Keeps the summaries true, in the batch of whatever changes the state of a room. */
export class RoomSummaryHook implements EventHook {
  constructor(private readonly store: RoomSummaryStore) {}

  async prepareState(changes: readonly StateChange[], room: HotRoom): Promise<Contribution | undefined> {
    const { nid } = room.identity;
    const said = patchOf(changes);
    const joined = changes.reduce((sum, change) => sum + joinedBy(change), 0);
    const isNew = changes.some(({ type, stateKey, before }) => isCreate(type, stateKey) && before === undefined);
    if (said === undefined && joined === 0) return undefined;
    const isSearched = changes.some(({ type, stateKey }) => stateKey === '' && SEARCHED_TYPES.includes(type));
    const searched = isSearched
      ? { search_text: searchTextOf({ ...(await readState(room.state, SEARCHED_TYPES)), ...said }) }
      : {};
    return (batch) => {
      if (isNew) batch.add(this.store.insert({ ...emptyRow(nid), ...said, ...searched }));
      else if (said !== undefined) batch.add(this.store.patch(nid, { ...said, ...searched }));
      if (joined !== 0) batch.add(this.store.addJoined(nid, joined));
    };
  }
}

const isCreate = (type: string, stateKey: string): boolean => type === 'm.room.create' && stateKey === '';

/** What changes say of their room; an entry that went away says nothing any more. */
function patchOf(changes: readonly StateChange[]): SummaryPatch | undefined {
  let patch: SummaryPatch | undefined;
  for (const { type, stateKey, after } of changes) {
    const said = stateKey === '' ? readContent(type, after?.content ?? {}) : undefined;
    if (said !== undefined) patch = { ...patch, ...said };
  }
  return patch;
}

/** By how much a change makes the joined more. */
function joinedBy({ type, before, after }: StateChange): number {
  if (type !== 'm.room.member') return 0;
  return Number(after?.content.membership === 'join') - Number(before?.content.membership === 'join');
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
    if (event !== undefined) patch = { ...patch, ...readContent(type, event.content) };
  }
  return patch;
}

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
