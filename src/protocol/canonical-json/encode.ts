import { compareCodePoints, hasSurrogate } from './code-points.ts';

export interface CanonicalJsonOptions {
  /** Refuse what room versions 6 and later refuse: fractions, and integers beyond 2^53-1. */
  readonly strict?: boolean;
  /** Keys of the outermost object that are left out, such as `signatures`. */
  readonly omit?: readonly string[];
}

/** The value has no canonical JSON (or none that is strict). The message names the fault, never the value. */
export class CanonicalJsonError extends Error {
  override readonly name = 'CanonicalJsonError';
}

/** Nesting beyond this is refused, so that no input overflows the stack. */
const MAX_DEPTH = 1000;
/** 2^63-1, the greatest depth of room versions 1 to 5, reads as this number, being out of a double's precision. */
const GREATEST_INT64_READ = 2 ** 63;
/** Anything but the characters that stand for themselves: control characters, quote, backslash, surrogates. */
const NEEDS_CARE = /[^ !#-[\]-\ud7ff\ue000-\uffff]/;
const NOTHING: readonly string[] = [];

/**
 * The canonical JSON of `value`. Keys whose value is `undefined` are left out; a whole number is written as an integer,
 * however it was read.
 * @throws CanonicalJsonError for what no UTF-8 JSON can hold (a lone surrogate, `NaN`, `undefined` in an array), for
 * nesting beyond 1000, and in strict mode for what strict JSON refuses.
 */
export function encodeCanonicalJson(value: unknown, options?: CanonicalJsonOptions): string {
  const strict = options?.strict ?? false;
  if (options?.omit !== undefined && typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return encodeObject(value as Record<string, unknown>, strict, 1, options.omit);
  }
  return encodeValue(value, strict, 1);
}

/** Whether `value` may stand in an event of room version 6 or later, and if not, why. */
export function checkStrictJson(
  value: unknown,
): { readonly ok: true } | { readonly ok: false; readonly reason: string } {
  try {
    encodeValue(value, true, 1);
    return { ok: true };
  } catch (error) {
    if (error instanceof CanonicalJsonError) return { ok: false, reason: error.message };
    throw error;
  }
}

function encodeValue(value: unknown, strict: boolean, depth: number): string {
  switch (typeof value) {
    case 'string':
      return encodeString(value);
    case 'number':
      return encodeNumber(value, strict);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      if (value === null) return 'null';
      if (Array.isArray(value)) return encodeArray(value, strict, depth);
      return encodeObject(value as Record<string, unknown>, strict, depth, NOTHING);
    default:
      throw new CanonicalJsonError(`a value of type ${typeof value} is not JSON`);
  }
}

function encodeString(text: string): string {
  if (!NEEDS_CARE.test(text)) return `"${text}"`;
  if (!text.isWellFormed()) throw new CanonicalJsonError('a string holds a lone surrogate');
  return JSON.stringify(text);
}

function encodeNumber(value: number, strict: boolean): string {
  if (Number.isSafeInteger(value)) return String(value);
  if (!Number.isFinite(value)) throw new CanonicalJsonError('a number is out of range');
  if (strict) {
    throw new CanonicalJsonError(
      Number.isInteger(value) ? 'an integer is beyond 2^53-1' : 'a number is not an integer',
    );
  }
  if (!Number.isInteger(value)) return String(value);
  return value === GREATEST_INT64_READ ? '9223372036854775807' : BigInt(value).toString();
}

function encodeArray(values: readonly unknown[], strict: boolean, depth: number): string {
  if (depth > MAX_DEPTH) throw new CanonicalJsonError('too deeply nested');
  let text = '[';
  for (let index = 0; index < values.length; index += 1) {
    if (index > 0) text += ',';
    text += encodeValue(values[index], strict, depth + 1);
  }
  return `${text}]`;
}

function encodeObject(
  object: Readonly<Record<string, unknown>>,
  strict: boolean,
  depth: number,
  omit: readonly string[],
): string {
  if (depth > MAX_DEPTH) throw new CanonicalJsonError('too deeply nested');
  let text = '';
  for (const key of sortedKeys(object)) {
    const value = object[key];
    if (value === undefined || omit.includes(key)) continue;
    text += `${text === '' ? '{' : ','}${encodeString(key)}:${encodeValue(value, strict, depth + 1)}`;
  }
  return text === '' ? '{}' : `${text}}`;
}

/** Whether keys stand in order already, as those of most small objects do. Only of letters that everybody orders alike. */
function isAscending(keys: readonly string[]): boolean {
  for (let index = 1; index < keys.length; index += 1) if (keys[index - 1]! >= keys[index]!) return false;
  return !keys.some(hasSurrogate);
}

/** By code point. The built-in sort goes by UTF-16 unit, which differs only where surrogates are. */
function sortedKeys(object: object): string[] {
  const keys = Object.keys(object);
  if (isAscending(keys)) return keys;
  return keys.some(hasSurrogate) ? keys.sort(compareCodePoints) : keys.sort();
}
