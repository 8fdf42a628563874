import type { TObject, TSchema } from '@sinclair/typebox';

/** A query's parameters in order, names and values decoded. */
export type QueryPairs = Iterable<readonly [name: string, value: string]>;

/** As `URLSearchParams`, which does more than a request needs and is felt in each long poll. */
export function parseQuery(text: string): QueryPairs {
  if (text.includes('+')) return new URLSearchParams(text);
  const pairs: [string, string][] = [];
  try {
    for (const part of text.split('&')) {
      if (part === '') continue;
      const equals = part.indexOf('=');
      const [name, value] = equals === -1 ? [part, ''] : [part.slice(0, equals), part.slice(equals + 1)];
      pairs.push([decoded(name), decoded(value)]);
    }
    return pairs;
  } catch {
    // What is no UTF-8 becomes replacement characters.
    return new URLSearchParams(text);
  }
}

const decoded = (text: string): string => (text.includes('%') ? decodeURIComponent(text) : text);

/**
 * The query parameters that a schema names, decoded by their types: integers, numbers, `true` and `false`, lists by
 * repetition. What cannot be decoded stays text, for the check to complain of; what the schema does not name is ignored, and
 * so is what comes again and is no list.
 */
export function decodeQuery(schema: TObject, pairs: QueryPairs): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, text] of pairs) {
    const property = Object.hasOwn(schema.properties, name) ? schema.properties[name] : undefined;
    if (property === undefined) continue;
    const known = Object.hasOwn(values, name) ? values[name] : undefined;
    if (!isArray(property)) values[name] = known ?? decodeOne(property, text);
    else {
      const one = decodeOne(property.items as TSchema, text);
      if (Array.isArray(known)) known.push(one);
      else values[name] = [one];
    }
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
