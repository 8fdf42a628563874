import type { EventId, RoomId, UserId } from '../identifiers/index.ts';
import type { JsonObject } from '../json.ts';
import type { RoomVersionRules } from '../room-versions/index.ts';
import type { EventReferences, Pdu } from './pdu.ts';

/** An event that another one names. */
export interface EventReference {
  readonly eventId: EventId;
  /** Its reference hash (`referenceHashBase64`), which room versions 1 and 2 need. */
  readonly sha256?: string;
}

/** An event to be made, in terms that do not depend on the room version. */
export interface ProtoEvent {
  readonly type: string;
  /** Absent on the create event of room version 12 and later. */
  readonly roomId?: RoomId | undefined;
  readonly sender: UserId;
  readonly stateKey?: string | undefined;
  readonly content: JsonObject;
  /** Milliseconds since the epoch. */
  readonly originServerTs: number;
  /** One more than the greatest depth of `prevEvents`. Beyond 2^53-1 it is written as 2^53-1. */
  readonly depth: number;
  readonly prevEvents: readonly EventReference[];
  readonly authEvents: readonly EventReference[];
  /** For `m.room.redaction`: put where the version keeps it. */
  readonly redacts?: EventId | undefined;
  readonly unsigned?: JsonObject | undefined;
}

export interface BuildOptions {
  readonly rules: RoomVersionRules;
  /** A fresh id on our server: needed in room versions 1 and 2, unused in others. */
  readonly eventId?: EventId;
}

/** A PDU before its hash and signatures. */
export type UnsignedPdu = Omit<Pdu, 'hashes' | 'signatures'>;

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/**
 * Lays out a PDU as its room version wants it. `sealEvent` or `signEvent` completes it.
 * @throws Error if what the version needs is missing (a bug of the caller).
 */
export function buildPdu(proto: ProtoEvent, { rules, eventId }: BuildOptions): UnsignedPdu {
  if (rules.eventIdFormat === 'opaque' && eventId === undefined) throw new Error('this room version needs an event id');
  const { redacts } = proto;
  const inContent = redacts !== undefined && rules.redactsInContent;
  const pdu: Mutable<UnsignedPdu> = {
    type: proto.type,
    sender: proto.sender,
    content: inContent ? { ...proto.content, redacts } : proto.content,
    origin_server_ts: proto.originServerTs,
    depth: Math.min(proto.depth, Number.MAX_SAFE_INTEGER),
    prev_events: toReferences(proto.prevEvents, rules),
    auth_events: toReferences(proto.authEvents, rules),
  };
  if (proto.roomId !== undefined) pdu.room_id = proto.roomId;
  if (rules.eventIdFormat === 'opaque' && eventId !== undefined) pdu.event_id = eventId;
  if (proto.stateKey !== undefined) pdu.state_key = proto.stateKey;
  if (redacts !== undefined && !inContent) pdu.redacts = redacts;
  if (proto.unsigned !== undefined) pdu.unsigned = proto.unsigned;
  return pdu;
}

function toReferences(events: readonly EventReference[], rules: RoomVersionRules): EventReferences {
  if (rules.eventReferences === 'ids') return events.map((event) => event.eventId);
  return events.map(({ eventId, sha256 }) => {
    if (sha256 === undefined) throw new Error(`no reference hash of ${eventId} is given`);
    return [eventId, { sha256 }] as const;
  });
}
