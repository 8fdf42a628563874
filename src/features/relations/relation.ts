import { fitsBytes, parseEventId } from '#protocol/identifiers/index.ts';
import type { EventId } from '#protocol/identifiers/index.ts';
import { isJsonObject, type JsonObject } from '#protocol/json.ts';

/** What an event says of its relation to another. */
export interface EventRelation {
  readonly parentId: EventId;
  readonly relType: string;
  /** The reaction, of an `m.annotation`. */
  readonly key: string | undefined;
}

const MAX_TEXT_BYTES = 255;

/**
 * The relation in an event's content, `undefined` if it has none that makes sense.
 * https://spec.matrix.org/v1.19/client-server-api/#forming-relationships-between-events
 */
export function relationOf(content: JsonObject): EventRelation | undefined {
  const relation = content['m.relates_to'];
  if (!isJsonObject(relation)) return undefined;
  const { rel_type: relType, event_id: parent, key } = relation;
  if (typeof relType !== 'string' || !isStorable(relType) || typeof parent !== 'string') return undefined;
  const parentId = parseEventId(parent);
  if (parentId === undefined) return undefined;
  return { parentId, relType, key: typeof key === 'string' && isStorable(key) ? key : undefined };
}

function isStorable(text: string): boolean {
  return fitsBytes(text, MAX_TEXT_BYTES) && !text.includes('\0');
}
