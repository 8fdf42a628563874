import { localpartOf, type UserId } from '#protocol/identifiers/index.ts';

/** What separates words. Pictures count as letters: there are people named so. */
const SEPARATORS = /[^\p{L}\p{N}\p{M}\p{Emoji_Presentation}]+/u;
/** Scripts that put no spaces between words: a word is found from any of its characters on. */
const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
const LATIN_ACCENTS = /[\u0300-\u036f]/g;

const WORDS_PER_USER = 40;
const WORDS_PER_SEARCH = 8;
const WORD_LENGTH = 64;

/** A search term taken apart. */
export interface SearchTerm {
  /** The whole, in comparable form. */
  readonly key: string;
  /** Each must begin a word of the user's name or localpart. */
  readonly words: readonly string[];
  /** The beginning of the user's server name, where a user id was typed. */
  readonly serverPrefix: string | undefined;
}

/** Text in a form that ignores case, accents and the ways to write one character. */
export function comparable(text: string): string {
  return text.normalize('NFKD').replace(LATIN_ACCENTS, '').toLowerCase().normalize('NFC').trim();
}

/** The words that a user is found by. */
export function wordsOf(userId: UserId, displayName: string | undefined): string[] {
  const found = new Set<string>();
  for (const word of [...split(displayName ?? ''), ...split(localpartOf(userId))]) {
    found.add(word);
    if (UNSPACED.test(word)) {
      const characters = [...word];
      for (let start = 1; start < characters.length; start++) found.add(characters.slice(start).join(''));
    }
  }
  return [...found].slice(0, WORDS_PER_USER);
}

/** Reads what somebody typed: words, or a user id or the beginning of one. */
export function readSearchTerm(term: string): SearchTerm {
  const isUserId = term.trim().startsWith('@');
  const text = isUserId ? term.trim().slice(1) : term;
  const colon = isUserId ? text.indexOf(':') : -1;
  const name = colon < 0 ? text : text.slice(0, colon);
  return {
    key: comparable(name),
    words: [...new Set(split(name))].slice(0, WORDS_PER_SEARCH),
    serverPrefix: colon < 0 ? undefined : text.slice(colon + 1),
  };
}

function split(text: string): string[] {
  return comparable(text)
    .split(SEPARATORS)
    .filter((word) => word !== '')
    .map((word) => [...word].slice(0, WORD_LENGTH).join(''));
}
