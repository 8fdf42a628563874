import { isJsonObject, type JsonObject, type JsonValue } from '#protocol/json.ts';

/** Where in an event the text stands that is searched, and the type of those events. */
const TYPES = {
  'content.body': 'm.room.message',
  'content.name': 'm.room.name',
  'content.topic': 'm.room.topic',
} as const;
export type SearchKey = keyof typeof TYPES;

/** The type of the events whose text stands there; `undefined` where none is searched. */
export function typeOfKey(key: string): string | undefined {
  return Object.hasOwn(TYPES, key) ? TYPES[key as SearchKey] : undefined;
}

export interface SearchableText {
  readonly key: SearchKey;
  readonly text: string;
}

type Content = { readonly type: string; readonly stateKey: string | undefined; readonly content: JsonObject };

/**
 * The text of an event that can be searched, `undefined` for events that have none.
 * https://spec.matrix.org/v1.19/client-server-api/#room_events
 */
export function searchableTextOf({ type, stateKey, content }: Content): SearchableText | undefined {
  switch (type) {
    case 'm.room.message':
      return stateKey === undefined ? textAt('content.body', content.body) : undefined;
    case 'm.room.name':
      return stateKey === '' ? textAt('content.name', content.name) : undefined;
    case 'm.room.topic':
      return stateKey === '' ? textAt('content.topic', topicOf(content)) : undefined;
    default:
      return undefined;
  }
}

/** Both forms of a topic, where they differ. */
function topicOf(content: JsonObject): string {
  const blocks = content['m.topic'];
  const texts = isJsonObject(blocks) ? blocks['m.text'] : undefined;
  const plain = Array.isArray(texts) ? texts.find(isPlainText)?.body : undefined;
  return [...new Set([content.topic, plain])].filter((text) => typeof text === 'string').join('\n');
}

function isPlainText(block: JsonValue): block is JsonObject {
  return isJsonObject(block) && (block.mimetype === undefined || block.mimetype === 'text/plain');
}

function textAt(key: SearchKey, text: JsonValue | undefined): SearchableText | undefined {
  return typeof text === 'string' && text !== '' ? { key, text } : undefined;
}
