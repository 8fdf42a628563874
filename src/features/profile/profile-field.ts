import { invalidParam, MatrixError } from '#protocol/errors.ts';
import { fitsBytes } from '#protocol/identifiers/index.ts';
import type { JsonObject, JsonValue } from '#protocol/json.ts';

const MAX_KEY_BYTES = 255;
/** The whole profile must stay below. */
const MAX_PROFILE_BYTES = 65_536;
/** https://spec.matrix.org/v1.19/appendices/#common-namespaced-identifier-grammar */
const KEY = /^[a-z][a-z0-9_.-]*$/;

/** The fields that are texts, with how many characters they may have. */
const TEXT_FIELDS: Readonly<Record<string, number>> = { displayname: 256, avatar_url: 1000, 'm.tz': 255 };

/** @throws MatrixError 400 `M_KEY_TOO_LARGE`, or 400 `M_INVALID_PARAM` for what is no name of a field. */
export function checkKey(key: string): void {
  if (!fitsBytes(key, MAX_KEY_BYTES)) throw new MatrixError('M_KEY_TOO_LARGE', 'The name of the field is too long');
  if (!KEY.test(key)) throw invalidParam('Profile fields are named by the Common Namespaced Identifier Grammar');
}

/**
 * The value of a field in a request's body. An empty display name or avatar is none: `undefined`.
 * @throws MatrixError 400 `M_MISSING_PARAM` without it, 400 `M_INVALID_PARAM` if it is not of the field's type.
 */
export function readValue(key: string, body: JsonObject): JsonValue | undefined {
  const value = Object.hasOwn(body, key) ? body[key] : undefined;
  if (value === undefined) throw new MatrixError('M_MISSING_PARAM', `The body has no "${key}"`);
  if (!Object.hasOwn(TEXT_FIELDS, key)) return value;
  if (typeof value !== 'string') throw invalidParam(`${key} must be a string`);
  const maxLength = TEXT_FIELDS[key]!;
  if ([...value].length > maxLength) throw invalidParam(`${key} must not have more than ${maxLength} characters`);
  return value === '' && key !== 'm.tz' ? undefined : value;
}

/** @throws MatrixError 400 `M_PROFILE_TOO_LARGE`. */
export function checkSize(fields: JsonObject): void {
  if (fitsBytes(JSON.stringify(fields), MAX_PROFILE_BYTES - 1)) return;
  throw new MatrixError('M_PROFILE_TOO_LARGE', 'The profile must be smaller than 64 KiB');
}
