import type { TSchema } from '@sinclair/typebox';
import type { Auth, Endpoint } from '#api/endpoint.ts';
import type { JsonObject, JsonValue } from '#protocol/json.ts';
import type { Contract } from './contracts.ts';

/** `docs/generated/openapi.json`: the contracts as OpenAPI 3.1. */
export function openapi(contracts: readonly Contract[], version: string): string {
  const paths: Record<string, Record<string, JsonValue>> = {};
  for (const { family, endpoint } of contracts) {
    const path = endpoint.path.replace(/\{(\w+)\?\}/g, '{$1}');
    paths[path] ??= {};
    paths[path][endpoint.method.toLowerCase()] = operation(family, endpoint);
  }
  const document = {
    openapi: '3.1.0',
    info: {
      title: 'Myelin',
      version,
      description: 'The Matrix APIs that Myelin serves, generated from its contracts.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: {
      schemas: {
        Error: {
          type: 'object',
          required: ['errcode', 'error'],
          properties: { errcode: { type: 'string' }, error: { type: 'string' } },
        },
      },
      responses: {
        Error: {
          description: 'A refusal, with a code for programs and a text for people.',
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
        },
      },
      securitySchemes: {
        accessToken: { type: 'http', scheme: 'bearer', description: "A user's access token." },
        appserviceToken: { type: 'http', scheme: 'bearer', description: 'The token of an application service.' },
        signedRequest: {
          type: 'apiKey',
          in: 'header',
          name: 'Authorization',
          description: 'X-Matrix, by another server.',
        },
      },
    },
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

const SECURITY: Readonly<Record<Auth, readonly JsonObject[]>> = {
  none: [],
  optional: [{}, { accessToken: [] }],
  user: [{ accessToken: [] }],
  admin: [{ accessToken: [] }],
  appservice: [{ appserviceToken: [] }],
  server: [{ signedRequest: [] }],
};

function operation(family: string, endpoint: Endpoint): JsonObject {
  const body = requestBody(endpoint);
  return {
    operationId: endpoint.operationId,
    tags: [family],
    ...(endpoint.deprecated ? { deprecated: true } : {}),
    security: [...SECURITY[endpoint.auth]],
    parameters: parameters(endpoint),
    ...(body === undefined ? {} : { requestBody: body }),
    responses: { 200: answer(endpoint), default: { $ref: '#/components/responses/Error' } },
    'x-auth': endpoint.auth,
    'x-guests': endpoint.guests,
    'x-suspended': endpoint.suspended,
    ...(endpoint.rateLimit === undefined ? {} : { 'x-rate-limit': endpoint.rateLimit }),
    ...(endpoint.aliases.length === 0 ? {} : { 'x-aliases': [...endpoint.aliases] }),
  };
}

function parameters({ params, query }: Endpoint): JsonObject[] {
  const inPath = Object.entries(params.properties).map(([name, schema]) => {
    return { name, in: 'path', required: true, schema: jsonSchema(schema) };
  });
  const inQuery = Object.entries(query.properties).map(([name, schema]) => {
    return { name, in: 'query', required: query.required?.includes(name) ?? false, schema: jsonSchema(schema) };
  });
  return [...inPath, ...inQuery];
}

function requestBody({ accepts, body }: Endpoint): JsonObject | undefined {
  if (accepts === 'stream') return { required: true, content: { '*/*': { schema: {} } } };
  if (body.type === 'undefined') return undefined;
  const mayBeLeftOut = Array.isArray(body.anyOf) && body.anyOf.some(({ type }: TSchema) => type === 'undefined');
  return { required: !mayBeLeftOut, content: { 'application/json': { schema: jsonSchema(body) } } };
}

function answer({ response }: Endpoint): JsonObject {
  const schema = jsonSchema(response);
  const type = Object.keys(schema).length === 0 ? '*/*' : 'application/json';
  return { description: 'Done.', content: { [type]: { schema } } };
}

/** A TypeBox schema is JSON Schema, but for `undefined`, which no JSON is. */
function jsonSchema(schema: TSchema): JsonObject {
  return withoutUndefined(JSON.parse(JSON.stringify(schema)) as JsonObject) as JsonObject;
}

function withoutUndefined(value: JsonValue): JsonValue {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value as JsonObject).map(
    ([key, inner]) => [key, withoutUndefined(inner as JsonValue)] as const,
  );
  const copy = Object.fromEntries(entries) as Record<string, JsonValue>;
  if (!Array.isArray(copy.anyOf)) return copy;
  const options = copy.anyOf.filter((option) => (option as JsonObject).type !== 'undefined');
  const { anyOf: _all, ...others } = copy;
  return options.length === 1 ? { ...others, ...(options[0] as JsonObject) } : { ...others, anyOf: options };
}
