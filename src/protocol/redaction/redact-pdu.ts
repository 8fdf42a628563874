import type { Pdu } from '../events/pdu.ts';
import { isJsonObject, type JsonObject } from '../json.ts';
import type { RoomVersionRules } from '../room-versions/index.ts';

/** What a redaction leaves of `pdu`: a new object, without `unsigned`. The result is what is signed and hashed to an id. */
export function redactPdu(pdu: Pdu, rules: RoomVersionRules): Pdu {
  return redactKeys(pdu, rules) as Pdu;
}

/** As `redactPdu`, for an event that is still being built. */
function redactKeys(event: Readonly<Record<string, unknown>>, rules: RoomVersionRules): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const key of rules.redaction.topLevelKeys) {
    if (Object.hasOwn(event, key)) kept[key] = event[key];
  }
  kept.content = redactedContent(
    typeof event.type === 'string' ? event.type : '',
    isJsonObject(event.content) ? event.content : {},
    rules,
  );
  return kept;
}

/** What a redaction leaves of the content of an event of type `type`. Answers `content` itself where all is kept. */
export function redactedContent(type: string, content: JsonObject, rules: RoomVersionRules): JsonObject {
  const { contentKeys } = rules.redaction;
  const keys = Object.hasOwn(contentKeys, type) ? contentKeys[type] : undefined;
  if (keys === 'all') return content;
  const kept: JsonObject = {};
  for (const key of keys ?? []) keep(content, key, kept);
  return kept;
}

/**
 * Copies `key` of `from`. Of `a.b` it copies only key `b` of object `a`; an `a` without it stays as an empty object, as
 * Synapse has it: the spec does not say, and servers have to agree on the hash.
 */
function keep(from: JsonObject, key: string, to: JsonObject): void {
  const dot = key.indexOf('.');
  if (dot < 0) {
    if (Object.hasOwn(from, key)) to[key] = from[key];
    return;
  }
  const outer = key.slice(0, dot);
  const inner = key.slice(dot + 1);
  const value = Object.hasOwn(from, outer) ? from[outer] : undefined;
  if (!isJsonObject(value)) return;
  const present = to[outer];
  to[outer] = {
    ...(isJsonObject(present) && present),
    ...(Object.hasOwn(value, inner) && { [inner]: value[inner] }),
  };
}
