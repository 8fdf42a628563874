import type { TObject, TSchema } from '@sinclair/typebox';

/**
 * The query parameters that a schema names, decoded by their types: integers, numbers, `true` and `false`, lists by
 * repetition. What cannot be decoded stays text, for the check to complain of; what the schema does not name is ignored.
 */
export function decodeQuery(schema: TObject, search: URLSearchParams): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  // Most requests name few of the parameters that there are.
  for (const [name, text] of search) {
    const property = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
    if (property === undefined || Object.hasOwn(values, name)) continue;
    values[name] = isArray(property)
      ? search.getAll(name).map((each) => decodeOne(property.items as TSchema, each))
      : decodeOne(property, text);
  }
  return values;
}

const isArray = (schema: TSchema): boolean => schema.type === 'array';

function decodeOne(schema: TSchema, text: string): unknown {
  switch (schema.type) {
    case 'boolean':
      return text === 'true' ? true : text === 'false' ? false : text;
    case 'integer':
      return /^-?\d{1,16}$/.test(text) ? Number(text) : text;
    case 'number':
      return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
    default:
      return schema.anyOf === undefined ? text : decodeUnion(schema.anyOf as readonly TSchema[], text);
  }
}

/** The first reading of the text that is not text, or the text. */
function decodeUnion(options: readonly TSchema[], text: string): unknown {
  return options.map((option) => decodeOne(option, text)).find((value) => typeof value !== 'string') ?? text;
}
