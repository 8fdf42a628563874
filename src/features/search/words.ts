import { stem } from './stem.ts';

/** One word of a text. */
export interface Word {
  /** As it is indexed and looked for: without case, accents and endings. */
  readonly term: string;
  /** As it stands in the text, in lower case. */
  readonly text: string;
}

/** What separates words. Pictures are words: people write them. */
const SEPARATORS = /[^\p{L}\p{N}\p{M}\p{Emoji_Presentation}]+/u;
const ALL_SEPARATORS = new RegExp(SEPARATORS.source, 'gu');
/** Characters that are words of their own: those of scripts without spaces between words, and pictures. */
const SINGLE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}\p{Emoji_Presentation}]/u;
const LATIN_ACCENTS = /[\u0300-\u036f]/g;
/** Text of these alone is in its normal form, and is taken apart many times faster. */
const ASCII = /^\p{ASCII}*$/u;
const ASCII_SEPARATORS = /[^0-9A-Za-z]+/;
const WORD_LENGTH = 64;
/** Beyond them a text is not looked into. */
const MAX_WORDS = 8_000;

/** What parts of text came to, as people say the same words again and again. */
const known = new Map<string, readonly Word[]>();
const KNOWN_MAX = 8_192;
const KNOWN_LENGTH = 24;

/** The words of a text, in order. */
export function wordsOf(text: string): Word[] {
  const parts = ASCII.test(text) ? text.split(ASCII_SEPARATORS) : text.normalize('NFC').split(SEPARATORS);
  const words: Word[] = [];
  for (const part of parts) {
    if (part === '') continue;
    for (const word of wordsIn(part)) {
      if (words.length === MAX_WORDS) return words;
      words.push(word);
    }
  }
  return words;
}

function wordsIn(part: string): readonly Word[] {
  let words = known.get(part);
  if (words !== undefined) return words;
  words = piecesOf(part)
    .map((piece) => ({ term: stem(comparable(piece)), text: piece.toLowerCase() }))
    .filter(({ term }) => term !== '');
  if (part.length > KNOWN_LENGTH) return words;
  if (known.size === KNOWN_MAX) known.clear();
  known.set(part, words);
  return words;
}

function piecesOf(part: string): string[] {
  if (!SINGLE.test(part)) return [[...part].slice(0, WORD_LENGTH).join('')];
  const pieces: string[] = [];
  let run = '';
  for (const character of part) {
    if (SINGLE.test(character)) {
      if (run !== '') pieces.push(run);
      run = '';
      pieces.push(character);
    } else if (run.length < WORD_LENGTH) {
      run += character;
    }
  }
  if (run !== '') pieces.push(run);
  return pieces;
}

/** In a form that ignores case, accents and the ways to write one character. Some come apart into more than letters: `⑴`. */
function comparable(text: string): string {
  const letters = text.normalize('NFKD').replace(LATIN_ACCENTS, '').replace(ALL_SEPARATORS, '');
  return letters.toLowerCase().normalize('NFC');
}
