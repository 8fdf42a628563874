import { parseUserId, type UserId } from '../identifiers/index.ts';
import { isJsonObject, type JsonObject } from '../json.ts';
import type { RoomEvent } from './pdu.ts';

/** A state event as those see it who are not in the room. https://spec.matrix.org/v1.19/client-server-api/#stripped-state */
export interface StrippedStateEvent extends JsonObject {
  type: string;
  state_key: string;
  sender: UserId;
  content: JsonObject;
}

/** The types that an invite or a knock shows, all with an empty state key. `m.room.create` must always be there. */
export const STRIPPED_STATE_TYPES = [
  'm.room.create',
  'm.room.name',
  'm.room.avatar',
  'm.room.topic',
  'm.room.join_rules',
  'm.room.canonical_alias',
  'm.room.encryption',
] as const;

/** The stripped form of a state event. */
export function toStrippedState(event: RoomEvent): StrippedStateEvent {
  return { type: event.type, state_key: event.stateKey ?? '', sender: event.sender, content: event.content };
}

/**
 * Prunes what another server sent as stripped state (it may be whole PDUs) to what clients may be shown. What is no state
 * event is dropped, and anything but an array reads as none.
 */
export function pruneStrippedState(json: unknown): StrippedStateEvent[] {
  if (!Array.isArray(json)) return [];
  return json.map(pruneOne).filter((event) => event !== undefined);
}

function pruneOne(json: unknown): StrippedStateEvent | undefined {
  if (!isJsonObject(json)) return undefined;
  const { type, content, sender: senderText, state_key: stateKey } = json;
  const sender = typeof senderText === 'string' ? parseUserId(senderText) : undefined;
  if (typeof type !== 'string' || typeof stateKey !== 'string' || sender === undefined || !isJsonObject(content)) {
    return undefined;
  }
  return { type, state_key: stateKey, sender, content };
}
