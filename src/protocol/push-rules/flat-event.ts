import type { RoomEvent } from '../events/pdu.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import { DEFAULT_RULES } from './default-rules.ts';
import { type PropertyPath, valueAtPath } from './property-path.ts';

/** What push rules read of an event: the keys of its client format, without `unsigned`. */
export type PushEvent = Pick<
  RoomEvent,
  'eventId' | 'roomId' | 'type' | 'stateKey' | 'sender' | 'content' | 'originServerTs' | 'redacts'
>;

/** What push rules read of the room that an event is in, the same for each of its members. */
export interface PushRoom {
  /** How many members are joined. */
  readonly memberCount: number;
  /** The power level of the event's sender; `undefined` if it is not known, then no permission is granted. */
  readonly senderPowerLevel: number | undefined;
  /** `notifications` of the power levels in force; `undefined` if they have none. */
  readonly notificationLevels: JsonObject | undefined;
}

/** An event made ready for push rules once, however many members it is evaluated for. Answers are remembered. */
export interface FlatEvent {
  readonly sender: string;
  readonly roomId: string;
  /** The room id in lower case, as patterns see it. */
  readonly lowerRoomId: string;
  /** Whether the event names whom it mentions, so that its body is not searched for names. */
  readonly hasMentions: boolean;
  readonly room: PushRoom;
  /** Whether the part of a default rule that is the same for every user held, by the index of the rule: see `evaluate`. */
  readonly defaultResults: Int8Array;
  value(path: PropertyPath): JsonValue | undefined;
  /** The string at `path` in lower case; `undefined` if no string is there. `key` names the path. */
  lowerText(key: string, path: PropertyPath): string | undefined;
  /** The strings in the array at `path`; `undefined` if no array is there. `key` names the path. */
  strings(key: string, path: PropertyPath): ReadonlySet<string> | undefined;
}

/** Makes an event ready for `evaluate`. Use it once an event, and drop it after. */
export function flattenEvent(event: PushEvent, room: PushRoom): FlatEvent {
  return new MemoizedEvent(event, room);
}

class MemoizedEvent implements FlatEvent {
  readonly sender: string;
  readonly roomId: string;
  readonly lowerRoomId: string;
  readonly hasMentions: boolean;
  readonly defaultResults = new Int8Array(DEFAULT_RULES.length);
  readonly #object: JsonObject;
  readonly #lowerTexts = new Map<string, string | undefined>();
  readonly #stringSets = new Map<string, ReadonlySet<string> | undefined>();

  constructor(
    event: PushEvent,
    readonly room: PushRoom,
  ) {
    this.sender = event.sender;
    this.roomId = event.roomId;
    this.lowerRoomId = event.roomId.toLowerCase();
    this.hasMentions = Object.hasOwn(event.content, 'm.mentions');
    this.#object = toObject(event);
  }

  value(path: PropertyPath): JsonValue | undefined {
    return valueAtPath(this.#object, path);
  }

  lowerText(key: string, path: PropertyPath): string | undefined {
    const known = this.#lowerTexts.get(key);
    if (known !== undefined || this.#lowerTexts.has(key)) return known;
    const value = this.value(path);
    const text = typeof value === 'string' ? value.toLowerCase() : undefined;
    this.#lowerTexts.set(key, text);
    return text;
  }

  strings(key: string, path: PropertyPath): ReadonlySet<string> | undefined {
    if (this.#stringSets.has(key)) return this.#stringSets.get(key);
    const value = this.value(path);
    const set = Array.isArray(value) ? new Set(value.filter((item) => typeof item === 'string')) : undefined;
    this.#stringSets.set(key, set);
    return set;
  }
}

function toObject(event: PushEvent): JsonObject {
  const object: JsonObject = {
    event_id: event.eventId,
    room_id: event.roomId,
    type: event.type,
    sender: event.sender,
    origin_server_ts: event.originServerTs,
    content: event.content,
  };
  if (event.stateKey !== undefined) object.state_key = event.stateKey;
  if (event.redacts !== undefined) object.redacts = event.redacts;
  return object;
}
