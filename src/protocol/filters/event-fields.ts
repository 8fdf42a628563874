import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';
import { parsePropertyPath } from '../push-rules/property-path.ts';

/** The fields of an event that a client wants: a tree by property name, whose leaves are taken whole. */
export type EventFields = ReadonlyMap<string, EventFields | 'whole'>;

/** Below this depth a field is taken whole: a server may give more than was asked for. */
const MAX_DEPTH = 32;

type MutableFields = Map<string, MutableFields | 'whole'>;

/** Reads `event_fields`: dot-separated paths. `undefined`, every field, if the list is absent or empty. */
export function compileEventFields(paths: readonly string[] | undefined): EventFields | undefined {
  if (paths === undefined || paths.length === 0) return undefined;
  const fields: MutableFields = new Map();
  for (const path of paths) addPath(fields, parsePropertyPath(path).slice(0, MAX_DEPTH));
  return fields;
}

/** The event with nothing but the fields; its values are shared, not copied. Fields that it has not stay away. */
export function applyEventFields(fields: EventFields, event: JsonObject): JsonObject {
  return project(fields, event) ?? {};
}

function addPath(fields: MutableFields, path: readonly string[]): void {
  let level = fields;
  for (const name of path.slice(0, -1)) {
    const known = level.get(name);
    // A field that is taken whole holds all below it.
    if (known === 'whole') return;
    const below: MutableFields = known ?? new Map();
    level.set(name, below);
    level = below;
  }
  level.set(path.at(-1) ?? '', 'whole');
}

/** `undefined` if the object has none of the fields. */
function project(fields: EventFields, object: JsonObject): JsonObject | undefined {
  const entries: [string, JsonValue][] = [];
  for (const [name, wanted] of fields) {
    const value = Object.hasOwn(object, name) ? object[name] : undefined;
    const kept = wanted === 'whole' || value === undefined ? value : projectBelow(wanted, value);
    if (kept !== undefined) entries.push([name, kept]);
  }
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

function projectBelow(fields: EventFields, value: JsonValue): JsonValue | undefined {
  return isJsonObject(value) ? project(fields, value) : undefined;
}
