/**
 * Glob patterns, matched without regular expressions so that no pattern of a user can make matching expensive: a `*` costs
 * one forward search, never a backtrack. Case is the caller's concern: lower both sides to ignore it.
 * https://spec.matrix.org/v1.19/appendices/#glob-style-matching
 */
export interface Glob {
  /** Whether the pattern has no wildcards, so that it matches only itself. */
  readonly isLiteral: boolean;
  /** Whether the pattern matches the whole of `text`. */
  matches(text: string): boolean;
  /** Whether the pattern matches some substring of `text` that starts and ends at a word boundary. */
  matchesWord(text: string): boolean;
}

/** Which characters are wildcards: `*` alone, or `*` and `?`. */
export type Wildcards = '*' | '*?';

/** Reads a pattern. `*` stands for any characters or none, `?` for exactly one code point. */
export function compileGlob(pattern: string, wildcards: Wildcards = '*?'): Glob {
  const segments = pattern.split('*').map((text) => new Segment(text, wildcards === '*?'));
  return new SegmentedGlob(pattern, segments);
}

/** Whether `word` stands in `text` with a word boundary on both sides. No character of `word` is a wildcard. */
export function containsWord(text: string, word: string): boolean {
  for (let start = text.indexOf(word); start !== -1; start = text.indexOf(word, start + 1)) {
    if (isWordBoundary(text, start) && isWordBoundary(text, start + word.length)) return true;
    if (start >= text.length) return false;
  }
  return false;
}

class SegmentedGlob implements Glob {
  readonly isLiteral: boolean;
  readonly #pattern: string;
  readonly #first: Segment;
  readonly #middle: readonly Segment[];
  /** `undefined` when the pattern has no `*`. */
  readonly #last: Segment | undefined;

  constructor(pattern: string, segments: readonly Segment[]) {
    this.#pattern = pattern;
    this.#first = segments[0]!;
    this.#middle = segments.slice(1, -1).filter((segment) => segment.text !== '');
    this.#last = segments.length > 1 ? segments.at(-1) : undefined;
    this.isLiteral = segments.length === 1 && !this.#first.hasHoles;
  }

  matches(text: string): boolean {
    if (this.isLiteral) return text === this.#pattern;
    const start = this.#first.matchAt(text, 0);
    if (start === -1) return false;
    if (this.#last === undefined) return start === text.length;
    const lastStart = this.#last.startWhenLast(text);
    if (lastStart < start || this.#last.matchAt(text, lastStart) !== text.length) return false;
    const end = this.#skipMiddle(text, start);
    return end !== -1 && end <= lastStart;
  }

  matchesWord(text: string): boolean {
    if (this.isLiteral) return containsWord(text, this.#pattern);
    for (let at = this.#first.find(text, 0); at !== -1; at = this.#first.find(text, next(text, at))) {
      if (isWordBoundary(text, at)) {
        const end = this.#first.matchAt(text, at);
        // The earliest start leaves the most room for what follows a `*`: a later one cannot match where it does not.
        if (this.#last !== undefined) return this.#endsAtWord(text, end, this.#last);
        if (isWordBoundary(text, end)) return true;
      }
      if (at >= text.length) return false;
    }
    return false;
  }

  #endsAtWord(text: string, from: number, last: Segment): boolean {
    const start = this.#skipMiddle(text, from);
    if (start === -1) return false;
    if (last.text === '') return true;
    for (let at = last.find(text, start); at !== -1; at = last.find(text, next(text, at))) {
      if (isWordBoundary(text, last.matchAt(text, at))) return true;
    }
    return false;
  }

  /** Where the segments between the first and last `*` end, each taken as early as it stands; -1 if they do not. */
  #skipMiddle(text: string, from: number): number {
    let position = from;
    for (const segment of this.#middle) {
      const at = segment.find(text, position);
      if (at === -1) return -1;
      position = segment.matchAt(text, at);
    }
    return position;
  }
}

/** A stretch of a pattern without `*`; its holes are the `?`. */
class Segment {
  readonly hasHoles: boolean;

  constructor(
    readonly text: string,
    questionMarks: boolean,
  ) {
    this.hasHoles = questionMarks && text.includes('?');
  }

  /** Where the segment ends if it stands at `start`, else -1. */
  matchAt(text: string, start: number): number {
    if (!this.hasHoles) return text.startsWith(this.text, start) ? start + this.text.length : -1;
    let position = start;
    for (let i = 0; i < this.text.length; i += 1) {
      if (position >= text.length) return -1;
      if (this.text[i] === '?') position = next(text, position);
      else if (this.text.charCodeAt(i) === text.charCodeAt(position)) position += 1;
      else return -1;
    }
    return position;
  }

  /** The first place from `start` on where the segment stands, else -1. */
  find(text: string, start: number): number {
    if (!this.hasHoles) return text.indexOf(this.text, start);
    for (let at = start; at < text.length; at = next(text, at)) {
      if (this.matchAt(text, at) !== -1) return at;
    }
    return -1;
  }

  /** Where the segment must start in order to end with `text`; negative if `text` is too short. */
  startWhenLast(text: string): number {
    if (!this.hasHoles) return text.length - this.text.length;
    let position = text.length;
    for (const _ of this.text) {
      if (position === 0) return -1;
      position = previous(text, position);
    }
    return position;
  }
}

/**
 * "A word boundary is defined as the start or end of the value, or any character not in the sets [A-Z], [a-z], [0-9] or _":
 * https://spec.matrix.org/v1.19/client-server-api/#push-rules
 */
function isWordBoundary(text: string, position: number): boolean {
  if (position <= 0 || position >= text.length) return true;
  return !isWordCharacter(text.charCodeAt(position - 1)) || !isWordCharacter(text.charCodeAt(position));
}

function isWordCharacter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code === 95;
}

/** The position after the code point at `position`. */
function next(text: string, position: number): number {
  return position + (text.codePointAt(position)! > 0xffff ? 2 : 1);
}

/** The position of the code point that ends before `position`. */
function previous(text: string, position: number): number {
  const before = position - 2;
  return before >= 0 && text.codePointAt(before)! > 0xffff ? before : position - 1;
}
