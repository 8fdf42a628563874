import { invalidParam, MatrixError } from '#protocol/errors.ts';
import { parseRoomAlias, type RoomAlias } from '#protocol/identifiers/index.ts';
import type { JsonObject, JsonValue } from '#protocol/json.ts';

/** More than any room advertises; each new one costs a look-up, maybe at another server. */
const MAX_ALIASES = 100;

/**
 * Checks the content of an `m.room.canonical_alias` that a local user wants to send: every alias that `before`, the content
 * in force, did not have must stand for the room.
 * @throws MatrixError 400 `M_INVALID_PARAM` for what is no alias, 400 `M_BAD_ALIAS` for one that does not stand for the room.
 * https://spec.matrix.org/v1.19/client-server-api/#mroomcanonical_alias
 */
export async function checkCanonicalAlias(
  content: JsonObject,
  before: JsonObject | undefined,
  isOfRoom: (alias: RoomAlias) => Promise<boolean>,
): Promise<void> {
  const known = new Set(before === undefined ? [] : aliasesIn(before));
  const wanted = new Set([...oneAlias(content.alias), ...aliasList(content.alt_aliases)].map(requireAlias));
  const added = [...wanted].filter((alias) => !known.has(alias));
  if (added.length > MAX_ALIASES) throw invalidParam(`More than ${MAX_ALIASES} new aliases`);
  for (const alias of added) {
    if (!(await isOfRoom(alias))) {
      throw new MatrixError('M_BAD_ALIAS', `Room alias ${alias} does not point to the room`);
    }
  }
}

/** The content without an alias, `undefined` if it does not name it. */
export function withoutAlias(content: JsonObject, alias: RoomAlias): JsonObject | undefined {
  if (!aliasesIn(content).includes(alias)) return undefined;
  const { alias: main, alt_aliases: alternatives, ...rest } = content;
  const left = Array.isArray(alternatives) ? alternatives.filter((other) => other !== alias) : [];
  return {
    ...rest,
    ...(main === undefined || main === alias ? {} : { alias: main }),
    ...(left.length === 0 ? {} : { alt_aliases: left }),
  };
}

function aliasesIn(content: JsonObject): JsonValue[] {
  const { alias, alt_aliases: alternatives } = content;
  return [...(alias === undefined ? [] : [alias]), ...(Array.isArray(alternatives) ? alternatives : [])];
}

/** Null and the empty text stand for no alias. */
function oneAlias(value: JsonValue | undefined): JsonValue[] {
  return value === undefined || value === null || value === '' ? [] : [value];
}

function aliasList(value: JsonValue | undefined): JsonValue[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalidParam('alt_aliases must be an array');
  return value;
}

function requireAlias(value: JsonValue): RoomAlias {
  const alias = typeof value === 'string' ? parseRoomAlias(value) : undefined;
  if (alias === undefined) throw invalidParam(`${JSON.stringify(value)} is not a room alias`);
  return alias;
}
