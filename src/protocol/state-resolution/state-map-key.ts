import type { RoomEvent } from '../events/pdu.ts';

declare const brand: unique symbol;

/**
 * A key of the room state as one string, fit for a `Map`: the length of the type in UTF-16 units, `:`, the type, the state
 * key. `12:m.room.topic` is the topic, `13:m.room.member@alice:one.test` a membership. Both halves are untrusted text that
 * may hold any character, so a separator between them could be forged; a length cannot.
 */
export type StateMapKey = string & { readonly [brand]: 'StateMapKey' };

export function stateMapKey(type: string, stateKey: string): StateMapKey {
  return `${type.length}:${type}${stateKey}` as StateMapKey;
}

/** The key that a state event stands at. It must be a state event. */
export function stateMapKeyOf(event: Pick<RoomEvent, 'type' | 'stateKey'>): StateMapKey {
  if (event.stateKey === undefined) throw new Error('an event without a state_key is not part of the room state');
  return stateMapKey(event.type, event.stateKey);
}

/** The two halves of a key. */
export function splitStateMapKey(key: StateMapKey): readonly [type: string, stateKey: string] {
  const colon = key.indexOf(':');
  const end = colon + 1 + Number(key.slice(0, colon));
  return [key.slice(colon + 1, end), key.slice(end)];
}
