import { wordsOf } from './words.ts';

/** Words that must stand one after the other. */
export type Phrase = readonly string[];

/** What a text must have all of, and none of. */
export interface Alternative {
  readonly all: readonly Phrase[];
  readonly none: readonly Phrase[];
}

/** What somebody looks for: a text that any of the alternatives fits. */
export interface SearchQuery {
  readonly alternatives: readonly Alternative[];
  /** The words that are looked for, to find them again in a text. */
  readonly terms: ReadonlySet<string>;
}

const MAX_PHRASES = 30;
const MAX_PHRASE_WORDS = 100;
const PART = /(-?)(?:"([^"]*)"?|([^\s"]+))/gu;

/**
 * Reads a search term as people know them from elsewhere: all words must be there, `"a b"` as they stand, `-word` must not, and
 * `or` between words means either side. Nothing is a mistake: what is no word is left out.
 * `undefined` if nothing is looked for.
 */
export function readSearchQuery(term: string): SearchQuery | undefined {
  const alternatives: { all: Phrase[]; none: Phrase[] }[] = [{ all: [], none: [] }];
  let count = 0;
  for (const [, minus, quoted, plain] of term.matchAll(PART)) {
    if (plain?.toLowerCase() === 'or' && minus === '') {
      alternatives.push({ all: [], none: [] });
      continue;
    }
    const phrase = wordsOf(quoted ?? plain ?? '').map((word) => word.term);
    if (phrase.length === 0 || ++count > MAX_PHRASES) continue;
    const alternative = alternatives.at(-1)!;
    (minus === '-' ? alternative.none : alternative.all).push(phrase.slice(0, MAX_PHRASE_WORDS));
  }
  const useful = alternatives.filter(({ all }) => all.length > 0);
  if (useful.length === 0) return undefined;
  return { alternatives: useful, terms: new Set(useful.flatMap(({ all }) => all.flat())) };
}
