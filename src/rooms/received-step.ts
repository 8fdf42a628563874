import type { RoomEvent } from '#protocol/events/index.ts';
import type { EventId } from '#protocol/identifiers/index.ts';
import { authRank } from '#protocol/state-resolution/index.ts';
import type { Contribution } from './draft.ts';
import type { EntryChange, RedactionInForce } from './persist.ts';
import type { RoomIdentity } from './room-directory.ts';
import type { HashedNode } from './state-tree/node.ts';
import { type EventRow, StoredEvent, splitPdu } from './stored-event.ts';

/** A received event that is to be stored. */
export interface ReceivedStep {
  readonly row: Omit<EventRow, 'position'>;
  /** The event without its position, which only the batch can give. */
  readonly event: StoredEvent;
  /** Its row is there already, without a place in the room. */
  readonly isReplacing: boolean;
  readonly authNids: readonly number[];
  readonly nodes: readonly HashedNode[];
  /** What it changes of the current state. */
  readonly changes: readonly EntryChange[];
  readonly redactsNow: RedactionInForce | undefined;
  readonly contributions: readonly Contribution[];
}

/** The parts of a row that follow from an event's place in the room. */
export type Place = Pick<EventRow, 'status' | 'state_before' | 'state_after' | 'redacted_by' | 'unsigned'>;
export const NOWHERE = { state_before: null, state_after: null, redacted_by: null, unsigned: null };

/** The row of a received event, and what goes along with it before it has changed anything. */
export function newStep(
  event: RoomEvent,
  room: RoomIdentity,
  about: {
    readonly eventNid: number;
    readonly isReplacing: boolean;
    /** At least those that it names. */
    readonly authEvents: ReadonlyMap<EventId, StoredEvent>;
    readonly place: Place;
    readonly nodes: readonly HashedNode[];
  },
): ReceivedStep {
  const isState = event.stateKey !== undefined;
  const cited = [...about.authEvents.values()].filter(({ eventId }) => event.authEventIds.includes(eventId));
  const row = {
    event_nid: about.eventNid,
    event_id: event.eventId,
    room_nid: room.nid,
    depth: event.depth,
    type: event.type,
    state_key: event.stateKey ?? null,
    sender: event.sender,
    origin_server_ts: event.originServerTs,
    ...splitPdu(event.pdu, room.rules),
    auth_rank: isState ? authRank(cited.map((by) => by.authRank ?? 0)) : null,
    ...about.place,
  };
  return {
    row,
    event: new StoredEvent({ ...row, position: null }, room.roomId, room.rules),
    isReplacing: about.isReplacing,
    authNids: isState ? cited.map((by) => by.nid) : [],
    nodes: about.nodes,
    changes: [],
    redactsNow: undefined,
    contributions: [],
  };
}
