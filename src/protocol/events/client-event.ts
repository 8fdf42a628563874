import type { EventId, RoomId, UserId } from '../identifiers/index.ts';
import type { JsonObject } from '../json.ts';
import type { RoomEvent } from './pdu.ts';

/** An event as clients read it. https://spec.matrix.org/v1.19/client-server-api/#room-event-format */
export interface ClientEvent extends JsonObject {
  type: string;
  content: JsonObject;
  event_id: EventId;
  /** Absent where the answer names the room elsewhere, as in `/sync`. */
  room_id?: RoomId;
  sender: UserId;
  state_key?: string;
  origin_server_ts: number;
  redacts?: EventId;
  unsigned?: JsonObject;
}

export interface ClientEventOptions {
  /** `federation`: every key of the PDU, as the `event_format` of a filter asks. Default `client`. */
  readonly format?: 'client' | 'federation';
  /** Leave `room_id` out. */
  readonly withoutRoomId?: boolean;
  /** What the server tells about the event (`age`, `transaction_id`, ...). That of the PDU is never shown. */
  readonly unsigned?: JsonObject;
}

/** What clients are shown of `event`, as JSON. */
export function toClientEvent(event: RoomEvent, options: ClientEventOptions = {}): ClientEvent {
  const shown = options.format === 'federation' ? federationKeys(event) : clientKeys(event);
  if (options.withoutRoomId !== true) shown.room_id = event.roomId;
  if (options.unsigned !== undefined) shown.unsigned = options.unsigned;
  return shown;
}

/**
 * The text of the client format without `room_id` and `unsigned`: the part that is the same for all readers, to be cached
 * and completed by `completeClientEventText`.
 */
export function clientEventText(event: RoomEvent): string {
  return JSON.stringify(toClientEvent(event, { withoutRoomId: true }));
}

/** Adds to a text of `clientEventText` what differs between readers. */
export function completeClientEventText(
  text: string,
  extra: { readonly roomId?: RoomId | undefined; readonly unsigned?: JsonObject | undefined },
): string {
  let completed = text.slice(0, -1);
  if (extra.roomId !== undefined) completed += `,"room_id":${JSON.stringify(extra.roomId)}`;
  if (extra.unsigned !== undefined) completed += `,"unsigned":${JSON.stringify(extra.unsigned)}`;
  return `${completed}}`;
}

function clientKeys(event: RoomEvent): ClientEvent {
  const shown: ClientEvent = {
    type: event.type,
    content: event.content,
    event_id: event.eventId,
    sender: event.sender,
    origin_server_ts: event.originServerTs,
  };
  if (event.stateKey !== undefined) shown.state_key = event.stateKey;
  if (event.redacts !== undefined) {
    // Clients of either age find it, whichever place the room version has for it.
    shown.redacts = event.redacts;
    shown.content = contentWithRedacts(event.content, event.redacts);
  }
  return shown;
}

function federationKeys(event: RoomEvent): ClientEvent {
  const { unsigned: _unsigned, room_id: _roomId, ...keys } = event.pdu as JsonObject;
  return { ...keys, event_id: event.eventId } as ClientEvent;
}

/** https://spec.matrix.org/v1.19/rooms/v11/#moving-the-redacts-property-of-mroomredaction-events-to-a-content-property */
function contentWithRedacts(content: JsonObject, redacts: EventId): JsonObject {
  return content.redacts === redacts ? content : { ...content, redacts };
}
