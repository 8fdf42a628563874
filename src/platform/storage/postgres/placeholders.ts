/** What may hold a question mark that is no placeholder: quoted text, quoted names, comments. */
const OPAQUE_OR_PLACEHOLDER = /'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\/\*[\s\S]*?\*\/|\$(\w*)\$[\s\S]*?\$\1\$|\?/g;

/** SQL text with `?` rewritten to PostgreSQL's `$1`, `$2`, ... */
export function numberPlaceholders(sql: string): string {
  let count = 0;
  return sql.replace(OPAQUE_OR_PLACEHOLDER, (part) => (part === '?' ? `$${++count}` : part));
}

/** Texts seen that are kept prepared; later ones are prepared each time, so that made-up texts fill no memory. */
const MAX_TEXTS = 2048;

export interface PostgresText {
  readonly text: string;
  readonly prepare: boolean;
}

/** Rewritten texts, kept by the text they came from. */
export class TextMap {
  readonly #known = new Map<string, PostgresText>();

  get(sql: string): PostgresText {
    const known = this.#known.get(sql);
    if (known !== undefined) return known;
    const prepare = this.#known.size < MAX_TEXTS;
    const made = { text: numberPlaceholders(sql), prepare };
    if (prepare) this.#known.set(sql, made);
    return made;
  }
}
