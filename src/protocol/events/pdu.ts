import type { EventId, KeyId, RoomId, ServerName, UserId } from '../identifiers/index.ts';
import type { JsonObject } from '../json.ts';

/** `prev_events` and `auth_events` on the wire: ids, or (room versions 1 and 2) pairs of id and hashes. */
export type EventReferences = readonly EventId[] | readonly (readonly [EventId, JsonObject])[];

/** `{ server: { keyId: unpadded base64 } }`. */
export type Signatures = Readonly<Record<ServerName, Readonly<Record<KeyId, string>>>>;

/**
 * A PDU: the event as servers exchange it, keys as on the wire, whatever its room version. It has passed the format check
 * of its version (`check-format.ts`); it may hold further keys, which are part of what is hashed.
 * https://spec.matrix.org/v1.19/server-server-api/#pdus
 */
export interface Pdu {
  readonly [key: string]: unknown;
  readonly type: string;
  /** Absent on the create event of room version 12 and later. */
  readonly room_id?: RoomId;
  readonly sender: UserId;
  /** Present only in room versions 1 and 2. */
  readonly event_id?: EventId;
  readonly state_key?: string;
  readonly content: JsonObject;
  readonly origin_server_ts: number;
  readonly depth: number;
  readonly prev_events: EventReferences;
  readonly auth_events: EventReferences;
  /** Room versions 1 to 10; version 11 moved it into `content`. */
  readonly redacts?: EventId;
  readonly hashes: { readonly sha256: string };
  readonly signatures: Signatures;
  readonly unsigned?: JsonObject;
}

/** An event of a room, read once from its PDU so that nothing above depends on the wire format of its version. */
export interface RoomEvent {
  readonly eventId: EventId;
  /** For the create event of version 12 and later, derived from its event id. */
  readonly roomId: RoomId;
  readonly type: string;
  /** `undefined` unless it is a state event. */
  readonly stateKey: string | undefined;
  readonly sender: UserId;
  readonly content: JsonObject;
  /** Milliseconds since the epoch, as its sender claims. */
  readonly originServerTs: number;
  readonly depth: number;
  readonly prevEventIds: readonly EventId[];
  readonly authEventIds: readonly EventId[];
  /** What an `m.room.redaction` redacts, wherever its version keeps it. */
  readonly redacts: EventId | undefined;
  readonly pdu: Pdu;
}
