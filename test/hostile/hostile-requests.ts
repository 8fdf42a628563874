/** All hostile requests to one contract, made from its schemas: each is a good one with a single thing wrong. */
import type { TObject, TSchema } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { Endpoint } from '#api/endpoint.ts';
import type { JsonObject, JsonValue } from '#protocol/json.ts';
import {
  BROKEN_SEGMENTS,
  HUGE,
  NO_BODIES,
  NO_BOOLEANS,
  NO_INTEGERS,
  NO_OBJECTS,
  ODD_INTEGERS,
  ODD_NUMBERS,
  ODD_QUERY_TEXTS,
  ODD_SEGMENTS,
  ODD_STRINGS,
  ONE_OF_EACH,
} from './hostile-values.ts';
import { type Known, optionsOf, sampleOf } from './sample.ts';

export interface HostileRequest {
  /** What is wrong with it. */
  readonly name: string;
  readonly target: string;
  readonly body?: string | Uint8Array | undefined;
  /** It breaks the contract, so it must be refused; otherwise it must only not break the server. */
  readonly mustRefuse: boolean;
}

/** How deep into bodies faults are put. */
const MAX_DEPTH = 5;

export function* hostileRequests(contract: Endpoint, known: Known): Generator<HostileRequest> {
  const body = goodBody(contract, known);
  yield* hostilePaths(contract, known, body);
  yield* hostileQueries(contract, known, body);
  if (hasJson(contract)) yield* hostileBodies(contract, known);
}

const hasJson = ({ accepts, body }: Endpoint): boolean => accepts === 'json' && body.type !== 'undefined';

/** The JSON text of a body that the contract takes. */
export function goodBody(contract: Endpoint, known: Known): string | undefined {
  return hasJson(contract) ? JSON.stringify(goodValue(contract, known)) : undefined;
}

const goodValue = ({ operationId, body }: Endpoint, known: Known): JsonValue =>
  known.bodies[operationId] ?? sampleOf(body, known);

/** The path with good parameters, except those given, and the query parameters that must be there. */
export function goodTarget(contract: Endpoint, known: Known, segments: Readonly<Record<string, string>> = {}): string {
  const path = contract.path.replace(/\{(\w+)\??\}/g, (_all, name: string) => {
    const schema = (contract.params as TObject).properties[name]!;
    return segments[name] ?? encodeURIComponent(String(sampleOf(schema, known, name)));
  });
  const query = Object.entries(goodQuery(contract, known)).map(([name, text]) => `${name}=${text}`);
  return query.length === 0 ? path : `${path}?${query.join('&')}`;
}

function goodQuery({ query }: Endpoint, known: Known): Record<string, string> {
  const required = query.required ?? [];
  return Object.fromEntries(
    required.map((name) => [name, encodeURIComponent(String(sampleOf(query.properties[name]!, known, name)))]),
  );
}

function* hostilePaths(contract: Endpoint, known: Known, body: string | undefined): Generator<HostileRequest> {
  for (const name of Object.keys(contract.params.properties)) {
    for (const [segments, mustRefuse] of [
      [BROKEN_SEGMENTS, true],
      [ODD_SEGMENTS, false],
    ] as const) {
      for (const segment of segments) {
        const target = goodTarget(contract, known, { [name]: segment });
        yield { name: `path ${name} = ${shown(segment)}`, target, body, mustRefuse };
      }
    }
  }
}

function* hostileQueries(contract: Endpoint, known: Known, body: string | undefined): Generator<HostileRequest> {
  const [path = ''] = goodTarget(contract, known).split('?');
  const good = goodQuery(contract, known);
  const asked = (query: Record<string, string>): string =>
    `${path}?${Object.entries(query)
      .map(([name, text]) => `${encodeURIComponent(name)}=${text}`)
      .join('&')}`;
  for (const [name, schema] of Object.entries(contract.query.properties)) {
    for (const [texts, mustRefuse] of hostileTexts(schema)) {
      for (const text of texts) {
        const target = asked({ ...good, [name]: text });
        yield { name: `query ${name} = ${shown(text)}`, target, body, mustRefuse };
        if (schema.type === 'array') {
          const again = `${target}&${encodeURIComponent(name)}=${text}`;
          yield { name: `query ${name} = ${shown(text)}, twice`, target: again, body, mustRefuse };
        }
      }
    }
    if (contract.query.required?.includes(name)) {
      const { [name]: _left, ...others } = good;
      yield { name: `query without ${name}`, target: asked(others), body, mustRefuse: true };
    }
  }
}

function hostileTexts(schema: TSchema): (readonly [readonly string[], boolean])[] {
  switch (schema.type) {
    case 'integer':
      return [
        [NO_INTEGERS, true],
        [ODD_INTEGERS, false],
      ];
    case 'boolean':
      return [[NO_BOOLEANS, true]];
    default:
      return [[ODD_QUERY_TEXTS, false]];
  }
}

function* hostileBodies(contract: Endpoint, known: Known): Generator<HostileRequest> {
  const target = goodTarget(contract, known);
  const good = goodValue(contract, known);
  const of = (name: string, body: string | Uint8Array, mustRefuse: boolean): HostileRequest => {
    return { name, target, body, mustRefuse };
  };
  for (const { name, body } of NO_BODIES) yield of(`a body of ${name}`, body, true);
  yield of('a body of 20 MB', HUGE, true);
  for (const text of NO_OBJECTS) {
    yield of(`the body ${text}`, text, !Value.Check(contract.body, JSON.parse(text)));
  }
  yield of('an empty body', '', false);
  if (typeof good === 'object' && good !== null) yield* oddObjects(of, good as JsonObject);
  for (const option of optionsOf(contract.body)) yield* faultsIn(of, option, good, [], known);
}

type Of = (name: string, body: string, mustRefuse: boolean) => HostileRequest;

function* oddObjects(of: Of, good: JsonObject): Generator<HostileRequest> {
  const text = JSON.stringify(good);
  const withMore = (more: string): string => `{${more}${text === '{}' ? '}' : `,${text.slice(1)}`}`;
  yield of('a key __proto__', withMore('"__proto__":{"isAdmin":true,"admin":true,"polluted":1}'), false);
  yield of('a key constructor', withMore('"constructor":{"prototype":{"polluted":1}}'), false);
  yield of('a key with U+0000', withMore('"a\\u0000b":1'), false);
  yield of('a key with half a surrogate pair', withMore('"a\\ud800":"\\udfff"'), false);
  yield of('an empty key', withMore('"":""'), false);
  yield of('the key auth as a list', withMore('"auth":[]'), false);
  yield of('numbers out of range', withMore('"n":[9007199254740993,1e400,-1e400,1.5,-0]'), false);
  for (const key of Object.keys(good)) {
    yield of(`the key ${key} twice`, `${text.slice(0, -1)},${JSON.stringify(key)}:[[]]}`, false);
  }
}

/** Faults at `path` of the body and below it. */
function* faultsIn(
  of: Of,
  schema: TSchema,
  good: JsonValue,
  path: readonly string[],
  known: Known,
): Generator<HostileRequest> {
  const where = path.join('.');
  if (path.length > MAX_DEPTH) return;
  if (path.length > 0) {
    const put = (token: string): string => putAt(good, path, token);
    for (const value of ONE_OF_EACH) {
      if (Value.Check(schema, value)) continue;
      yield of(`${where} = ${JSON.stringify(value)}`, put(JSON.stringify(value)), optionsOf(schema).length === 1);
    }
    for (const token of oddTokens(schema)) yield of(`${where} = ${shown(token)}`, put(token), false);
  }
  for (const option of optionsOf(schema)) yield* faultsBelow(of, option, good, path, known);
}

function* faultsBelow(
  of: Of,
  schema: TSchema,
  good: JsonValue,
  path: readonly string[],
  known: Known,
): Generator<HostileRequest> {
  const properties = (schema.properties ?? {}) as Record<string, TSchema>;
  const here = path.length === 0 ? good : sampleOf(schema, known);
  for (const [key, property] of Object.entries(properties)) {
    const inside = path.length === 0 ? good : putValue(good, path, here);
    yield* faultsIn(of, property, inside, [...path, key], known);
    if ((schema.required as string[] | undefined)?.includes(key)) {
      const { [key]: _left, ...others } = here as Record<string, JsonValue>;
      const text = path.length === 0 ? JSON.stringify(others) : putAt(good, path, JSON.stringify(others));
      yield of(`without ${[...path, key].join('.')}`, text, true);
    }
  }
  if (schema.type === 'array') yield* faultsIn(of, schema.items as TSchema, good, [...path, '0'], known);
  for (const inner of Object.values((schema.patternProperties ?? {}) as Record<string, TSchema>)) {
    yield* faultsIn(of, inner, good, [...path, '@alice:example.org'], known);
    for (const key of ['__proto__', '', '\u0000', '\ud800', 'x'.repeat(300), '@nobody:example.org', '!a', '*']) {
      const token = JSON.stringify(sampleOf(inner, known));
      yield of(`${path.join('.')} with the key ${shown(key)}`, putAt(good, [...path, key], token), false);
    }
  }
}

function oddTokens(schema: TSchema): readonly string[] {
  const ofOption = ({ type }: TSchema): readonly string[] => {
    if (type === 'string') return ODD_STRINGS.map((text) => JSON.stringify(text));
    if (type === 'integer' || type === 'number') return ODD_NUMBERS;
    if (type === 'array') return [`[${'"x",'.repeat(5_000)}"x"]`, `[${'{},'.repeat(500)}{}]`];
    if (type === 'object') return ['{"__proto__":{"a":1}}', `{"a":${'['.repeat(200)}${']'.repeat(200)}}`, '{"":null}'];
    return ['null', '0', '"x"', '[]', '{"a":[{}]}', '"\\u0000"', '"\\ud800"', '1e400'];
  };
  return [...new Set(optionsOf(schema).flatMap(ofOption))];
}

const MARK = 'HERE-IS-THE-FAULT';

/** The JSON text of `value` with `token` at `path`. */
function putAt(value: JsonValue, path: readonly string[], token: string): string {
  return JSON.stringify(putValue(value, path, MARK)).replace(`"${MARK}"`, () => token);
}

/** A copy of `value` with `inner` at `path`; what is missing on the way is made. */
function putValue(value: JsonValue | undefined, [key, ...rest]: readonly string[], inner: JsonValue): JsonValue {
  if (key === undefined) return inner;
  if (key === '0') return [putValue(undefined, rest, inner)];
  const object = typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
  const entries = Object.entries(object).filter(([name]) => name !== key);
  const own = Object.hasOwn(object, key) ? object[key] : undefined;
  return Object.fromEntries([...entries, [key, putValue(own, rest, inner)]]);
}

const shown = (text: string): string =>
  JSON.stringify(text.length > 60 ? `${text.slice(0, 50)}… (${text.length})` : text);
