/** Checks what a request carries against its contract, and names what is wrong. Compiled at a contract's first request. */
import type { TObject, TSchema } from '@sinclair/typebox';
import { type TypeCheck, TypeCompiler, type ValueError, ValueErrorType } from '@sinclair/typebox/compiler';
import type { Endpoint } from '#api/endpoint.ts';
import { MatrixError } from '#protocol/errors.ts';
import { isJsonObject, type JsonValue } from '#protocol/json.ts';
import { parseJson, refuseUnstorableText } from './json-body.ts';
import { decodeQuery, type QueryPairs } from './query.ts';

export interface ContractChecks {
  /** The decoded path parameters. Throws `M_INVALID_PARAM`. */
  params(raw: Readonly<Record<string, string>>): Record<string, string>;
  /** The decoded query parameters that the contract names; `pairs` absent: there are none. Throws `M_MISSING_PARAM`, `M_INVALID_PARAM`. */
  query(pairs: QueryPairs | undefined): Record<string, unknown>;
  /** Whether the contract has a JSON body at all. */
  readonly hasBody: boolean;
  /** The value of the body's text, unless it is `parsed` already. Throws `M_NOT_JSON`, `M_BAD_JSON`, `M_MISSING_PARAM`. */
  body(text: string, parsed?: JsonValue): JsonValue;
}

export function createChecks(contract: Endpoint): ContractChecks {
  const compiled = {
    params: lazily(() => TypeCompiler.Compile<TSchema>(contract.params)),
    query: lazily(() => TypeCompiler.Compile<TSchema>(contract.query)),
    body: lazily(() => TypeCompiler.Compile<TSchema>(contract.body)),
  };
  const paramNames = Object.keys(contract.params.properties);
  const hasQuery = Object.keys(contract.query.properties).length > 0;
  return {
    hasBody: contract.accepts === 'json' && contract.body.type !== 'undefined',
    params(raw) {
      const values = decodeParams(paramNames, raw, contract.params);
      if (!compiled.params().Check(values)) throw paramError(compiled.params(), values, 'path');
      return values;
    },
    query(pairs) {
      const values = hasQuery && pairs !== undefined ? decodeQuery(contract.query, pairs) : {};
      if (hasQuery && !compiled.query().Check(values)) throw paramError(compiled.query(), values, 'query');
      return values;
    },
    body(text, parsed) {
      // Many clients send no body where every key is optional.
      if (text === '' && compiled.body().Check({})) return {};
      const value = parsed ?? parseJson(text);
      if (contract.auth !== 'server' && hasNamedKeys(contract.body)) refuseUnstorableText(text, value);
      if (!compiled.body().Check(value)) throw bodyError(contract.body, compiled.body(), value);
      return value;
    },
  };
}

function lazily<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/**
 * Bodies whose keys we know are stored key by key, so every string must be storable. Open-ended ones (event content,
 * account data) are stored as JSON text, where any string can stand.
 */
function hasNamedKeys(schema: TSchema): boolean {
  return schema.type !== 'object' || Object.keys((schema as TObject).properties ?? {}).length > 0;
}

/** Nothing to decode, and nothing to refuse. */
const UNESCAPED = /^[\w.~!$'()*,;:@=-]*$/;

function decodeParams(
  names: readonly string[],
  raw: Readonly<Record<string, string>>,
  schema: TObject,
): Record<string, string> {
  const values: Record<string, string> = {};
  for (const name of names) {
    const text = raw[name];
    // An alias may leave out a parameter (a state key): it is then empty, or absent where the contract allows that.
    if (text !== undefined) values[name] = decodeParam(name, text);
    else if (schema.required?.includes(name)) values[name] = '';
  }
  return values;
}

function decodeParam(name: string, text: string): string {
  if (UNESCAPED.test(text)) return text;
  try {
    const decoded = decodeURIComponent(text);
    if (!decoded.includes('\0')) return decoded;
  } catch {
    // Not percent-encoded UTF-8.
  }
  throw new MatrixError('M_INVALID_PARAM', `The path parameter '${name}' is not valid percent-encoded text`);
}

function paramError(check: TypeCheck<TSchema>, values: unknown, where: 'path' | 'query'): MatrixError {
  const error = check.Errors(values).First();
  const name = keyPath(error);
  return error?.type === ValueErrorType.ObjectRequiredProperty
    ? new MatrixError('M_MISSING_PARAM', `The ${where} parameter '${name}' is missing`)
    : new MatrixError('M_INVALID_PARAM', `The ${where} parameter '${name}' ${complaint(error)}`);
}

function bodyError(schema: TSchema, check: TypeCheck<TSchema>, value: JsonValue): MatrixError {
  if (schema.type === 'object' && !isJsonObject(value)) {
    return new MatrixError('M_BAD_JSON', 'The request body must be a JSON object');
  }
  const outer = check.Errors(value).First();
  const error = insideChoice(outer);
  const name = keyPath(error);
  return outer?.type === ValueErrorType.ObjectRequiredProperty
    ? new MatrixError('M_MISSING_PARAM', `Missing key: '${name}'`)
    : new MatrixError(
        'M_BAD_JSON',
        name === '' ? 'The request body is not as it should be' : `'${name}' ${complaint(error)}`,
      );
}

/** What is wrong by the first of several shapes: where the others are null or nothing, that is the one that was meant. */
function insideChoice(error: ValueError | undefined): ValueError | undefined {
  if (error?.type !== ValueErrorType.Union || choicesOf(error) !== undefined) return error;
  return insideChoice(error.errors[0]?.First()) ?? error;
}

/** The values to choose from, where that is all that the schema says. */
function choicesOf(error: ValueError | undefined): unknown[] | undefined {
  const choices = error?.schema?.anyOf?.map((option: TSchema) => option.const);
  return Array.isArray(choices) && choices.every((choice) => choice !== undefined) ? choices : undefined;
}

/** `/a/b/0` as `a.b.0`, with JSON pointer's escapes undone. */
function keyPath(error: ValueError | undefined): string {
  return (error?.path ?? '').slice(1).split('/').map(unescapePointer).join('.');
}

const unescapePointer = (token: string): string => token.replaceAll('~1', '/').replaceAll('~0', '~');

function complaint(error: ValueError | undefined): string {
  const schema = error?.schema;
  if (error?.type === ValueErrorType.StringFormat && typeof schema?.format === 'string') {
    return `is not a valid ${schema.format.replace(/^matrix-/, '').replaceAll('-', ' ')}`;
  }
  const choices = choicesOf(error);
  if (choices !== undefined) return `must be one of ${choices.join(', ')}`;
  const message = error?.message ?? 'is not as it should be';
  return message
    .replace(/^Expected (\w+) to (?:be )?/, 'must be ')
    .replace(/^Expected /, 'must be ')
    .replace(/^Required .*/, 'is missing');
}
