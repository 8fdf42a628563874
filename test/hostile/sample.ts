/** The smallest value that fits a schema: what hostile requests are made from, one fault at a time. */
import type { TSchema } from '@sinclair/typebox';
import type { JsonObject, JsonValue } from '#protocol/json.ts';

/** Values that mean something to the server under test, by the name of a parameter or key, then by a schema's format. */
export interface Known {
  readonly byName: Readonly<Record<string, string>>;
  readonly byFormat: Readonly<Record<string, string>>;
  /** Whole bodies, by operation: where the smallest that fits is not one that gets far. */
  readonly bodies: Readonly<Record<string, JsonObject>>;
}

export function sampleOf(schema: TSchema, known: Known, name = ''): JsonValue {
  if (schema.const !== undefined) return schema.const as JsonValue;
  if (Array.isArray(schema.anyOf)) return sampleOf(firstOption(schema.anyOf as TSchema[]), known, name);
  switch (schema.type) {
    case 'object':
      return sampleObject(schema, known);
    case 'array':
      return Array.from({ length: (schema.minItems as number | undefined) ?? 0 }, () =>
        sampleOf(schema.items as TSchema, known, name),
      );
    case 'string':
      return known.byName[name] ?? known.byFormat[schema.format as string] ?? 'abc';
    case 'integer':
    case 'number':
      return (schema.minimum as number | undefined) ?? 1;
    case 'boolean':
      return true;
    default:
      return {};
  }
}

/** The options of a union that are JSON at all. */
export function optionsOf(schema: TSchema): TSchema[] {
  return Array.isArray(schema.anyOf)
    ? (schema.anyOf as TSchema[]).filter(({ type }) => type !== 'undefined')
    : [schema];
}

const firstOption = (options: TSchema[]): TSchema => options.find(({ type }) => type !== 'undefined') ?? options[0]!;

function sampleObject(schema: TSchema, known: Known): JsonObject {
  const properties = (schema.properties ?? {}) as Record<string, TSchema>;
  const required = (schema.required ?? []) as string[];
  return Object.fromEntries(required.map((key) => [key, sampleOf(properties[key]!, known, key)]));
}
