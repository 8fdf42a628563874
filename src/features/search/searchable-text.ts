import { isJsonObject, type JsonObject, type JsonValue } from '#protocol/json.ts';

/** Where in an event the text stands that is searched. */
export const SEARCH_KEYS = ['content.body', 'content.name', 'content.topic'] as const;
export type SearchKey = (typeof SEARCH_KEYS)[number];

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
