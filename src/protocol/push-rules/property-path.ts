import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';

/** The property names that a dot-separated path leads through, outermost first. */
export type PropertyPath = readonly string[];

/**
 * Reads a dot-separated path. `\.` is a dot and `\\` a backslash inside a name; any other escape stands for itself.
 * https://spec.matrix.org/v1.19/appendices/#dot-separated-property-paths
 */
export function parsePropertyPath(text: string): PropertyPath {
  const names: string[] = [];
  let name = '';
  for (let i = 0; i < text.length; i += 1) {
    const character = text[i]!;
    const following = text[i + 1];
    if (character === '\\' && (following === '.' || following === '\\')) {
      name += following;
      i += 1;
    } else if (character === '.') {
      names.push(name);
      name = '';
    } else {
      name += character;
    }
  }
  names.push(name);
  return names;
}

/** The value that `path` leads to in `object`; `undefined` if it leads nowhere. Arrays are not entered. */
export function valueAtPath(object: JsonObject, path: PropertyPath): JsonValue | undefined {
  let value: JsonValue | undefined = object;
  for (const name of path) {
    if (!isJsonObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}
