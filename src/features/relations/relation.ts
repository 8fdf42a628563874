import { isStorableText } from '#platform/storage/index.ts';
import type { EventId } from '#protocol/identifiers/index.ts';
import { fitsBytes, parseEventId } from '#protocol/identifiers/index.ts';
import { isJsonObject, type JsonObject } from '#protocol/json.ts';

/** What an event says of its relation to another. */
export interface EventRelation {
  readonly parentId: EventId;
  readonly relType: string;
  /** The reaction, of an `m.annotation`. */
  readonly key: string | undefined;
}

const MAX_TYPE_BYTES = 255;
/** Longer reactions are not told apart. */
const MAX_KEY_BYTES = 500;

/**
 * The relation in an event's content, `undefined` if it has none that makes sense.
 * https://spec.matrix.org/v1.19/client-server-api/#forming-relationships-between-events
 */
export function relationOf(content: JsonObject): EventRelation | undefined {
  const relation = content['m.relates_to'];
  if (!isJsonObject(relation)) return undefined;
  const { rel_type: relType, event_id: parent, key } = relation;
  if (typeof relType !== 'string' || !isShort(relType, MAX_TYPE_BYTES) || typeof parent !== 'string') return undefined;
  const parentId = isStorableText(parent) ? parseEventId(parent) : undefined;
  if (parentId === undefined) return undefined;
  return { parentId, relType, key: typeof key === 'string' && isShort(key, MAX_KEY_BYTES) ? key : undefined };
}

function isShort(text: string, maxBytes: number): boolean {
  return fitsBytes(text, maxBytes) && isStorableText(text);
}
