import { type EventId, parseEventId, type RoomId } from '../identifiers/index.ts';
import { redactPdu } from '../redaction/index.ts';
import type { RoomVersionRules } from '../room-versions/index.ts';
import { eventIdOf } from './hash.ts';
import type { EventReferences, Pdu, RoomEvent } from './pdu.ts';

/**
 * Reads a PDU that has passed the format check. `known.eventId` spares the hashing where the id is known already.
 * A depth or timestamp beyond 2^53-1 (possible up to room version 5) reads as 2^53-1, so that it fits everywhere.
 */
export function toRoomEvent(pdu: Pdu, rules: RoomVersionRules, known: { readonly eventId?: EventId } = {}): RoomEvent {
  const eventId = known.eventId ?? eventIdOf(pdu, rules);
  return {
    eventId,
    roomId: pdu.room_id ?? roomIdOfCreateEvent(eventId),
    type: pdu.type,
    stateKey: pdu.state_key,
    sender: pdu.sender,
    content: pdu.content,
    originServerTs: toSafeInteger(pdu.origin_server_ts),
    depth: toSafeInteger(pdu.depth),
    prevEventIds: referencedIds(pdu.prev_events),
    authEventIds: referencedIds(pdu.auth_events),
    redacts: redactedId(pdu, rules),
    pdu,
  };
}

/** `event` as a redaction leaves it; its id stays. */
export function redactRoomEvent(event: RoomEvent, rules: RoomVersionRules): RoomEvent {
  return toRoomEvent(redactPdu(event.pdu, rules), rules, { eventId: event.eventId });
}

/** The id of the room that a create event of version 12 or later makes. */
export function roomIdOfCreateEvent(eventId: EventId): RoomId {
  return `!${eventId.slice(1)}` as RoomId;
}

/** The id of the create event of a room of version 12 or later. */
export function createEventIdOfRoom(roomId: RoomId): EventId {
  return `$${roomId.slice(1)}` as EventId;
}

/** The ids in `prev_events` or `auth_events`, in either form. */
export function referencedIds(references: EventReferences): readonly EventId[] {
  return references.map((reference: EventId | readonly [EventId, unknown]) =>
    typeof reference === 'string' ? reference : reference[0],
  );
}

function redactedId(pdu: Pdu, rules: RoomVersionRules): EventId | undefined {
  if (pdu.type !== 'm.room.redaction') return undefined;
  const redacts: unknown = rules.redactsInContent ? pdu.content.redacts : pdu.redacts;
  return typeof redacts === 'string' ? parseEventId(redacts) : undefined;
}

function toSafeInteger(value: number): number {
  return Math.max(Math.min(value, Number.MAX_SAFE_INTEGER), Number.MIN_SAFE_INTEGER);
}
