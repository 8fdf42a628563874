import { compileGlob, type Glob } from '../push-rules/glob.ts';

/** Whether a value passes; `undefined` stands for an event that has no such value. */
export interface Matcher {
  /** Whether nothing passes, so that the caller need not look. */
  readonly blocksAll: boolean;
  /** Whether all pass, so that the caller need not look. */
  readonly passesAll: boolean;
  passes(value: string | undefined): boolean;
}

/** Passes what is in `include` (all, if it is absent) and not in `exclude`, which wins. */
export function exactMatcher(include: readonly string[] | undefined, exclude: readonly string[] | undefined): Matcher {
  const included = include && new Set(include);
  const excluded = new Set(exclude);
  return {
    blocksAll: included !== undefined && [...included].every((value) => excluded.has(value)),
    passesAll: included === undefined && excluded.size === 0,
    passes(value) {
      if (value === undefined) return included === undefined;
      return !excluded.has(value) && (included === undefined || included.has(value));
    },
  };
}

/** As `exactMatcher`, but a `*` in an entry stands for any characters. */
export function wildcardMatcher(
  include: readonly string[] | undefined,
  exclude: readonly string[] | undefined,
): Matcher {
  const included = include && new Patterns(include);
  const excluded = new Patterns(exclude ?? []);
  return {
    blocksAll: excluded.matchesAll || included?.isEmpty === true,
    passesAll: excluded.isEmpty && (included === undefined || included.matchesAll),
    passes(value) {
      if (value === undefined) return included === undefined;
      return !excluded.match(value) && (included === undefined || included.match(value));
    },
  };
}

class Patterns {
  readonly isEmpty: boolean;
  readonly matchesAll: boolean;
  readonly #literals: ReadonlySet<string>;
  readonly #globs: readonly Glob[];

  constructor(patterns: readonly string[]) {
    this.isEmpty = patterns.length === 0;
    this.matchesAll = patterns.includes('*');
    this.#literals = new Set(patterns.filter((pattern) => !pattern.includes('*')));
    this.#globs = patterns.filter((pattern) => pattern.includes('*')).map((pattern) => compileGlob(pattern, '*'));
  }

  match(value: string): boolean {
    return this.matchesAll || this.#literals.has(value) || this.#globs.some((glob) => glob.matches(value));
  }
}
