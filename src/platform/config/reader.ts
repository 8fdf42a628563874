/**
 * Reads one map of the configuration by typed getters. Each getter notes that its key was used, so that what nobody read can
 * be reported; a wrong type is noted as a problem and the fallback is given, so that reading goes on to the next fault.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { isJsonObject, type JsonObject, type JsonValue } from '#protocol/json.ts';
import type { Problems } from './problems.ts';
import { parseDurationMs, parseSizeBytes } from './units.ts';

interface Range {
  readonly min?: number;
  readonly max?: number;
}

export class Reader {
  readonly #used = new Set<string>();
  readonly #children: Reader[] = [];

  constructor(
    readonly values: JsonObject,
    /** The path of this map with a trailing dot, or empty at the top. */
    readonly prefix: string,
    readonly problems: Problems,
    /** What relative paths are relative to. */
    readonly cwd: string,
  ) {}

  /** The value of a key; null and absent are alike, as an empty YAML value is null. */
  raw(key: string): JsonValue | undefined {
    this.#used.add(key);
    return Object.hasOwn(this.values, key) ? (this.values[key] ?? undefined) : undefined;
  }

  has(key: string): boolean {
    return this.raw(key) !== undefined;
  }

  #read<T>(key: string, wanted: string, parse: (value: JsonValue) => T | undefined): T | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    const parsed = parse(value);
    if (parsed === undefined) this.problems.error(this.prefix + key, `must be ${wanted}`);
    return parsed;
  }

  optionalString(key: string): string | undefined {
    return this.#read(key, 'a string', (v) =>
      typeof v === 'string' ? v : typeof v === 'number' ? String(v) : undefined,
    );
  }

  string(key: string, fallback: string): string {
    return this.optionalString(key) ?? fallback;
  }

  boolean(key: string, fallback: boolean): boolean {
    return this.#read(key, 'true or false', (v) => (typeof v === 'boolean' ? v : undefined)) ?? fallback;
  }

  optionalNumber(key: string, { min = 0, max = Number.MAX_SAFE_INTEGER }: Range = {}): number | undefined {
    const between = max === Number.MAX_SAFE_INTEGER ? `at least ${min}` : `between ${min} and ${max}`;
    return this.#read(key, `a number, ${between}`, (v) =>
      typeof v === 'number' && v >= min && v <= max ? v : undefined,
    );
  }

  number(key: string, fallback: number, range: Range = {}): number {
    return this.optionalNumber(key, range) ?? fallback;
  }

  optionalInteger(key: string, { min = 0, max = Number.MAX_SAFE_INTEGER }: Range = {}): number | undefined {
    const between = max === Number.MAX_SAFE_INTEGER ? `at least ${min}` : `between ${min} and ${max}`;
    return this.#read(key, `a whole number, ${between}`, (v) =>
      typeof v === 'number' && Number.isInteger(v) && v >= min && v <= max ? v : undefined,
    );
  }

  integer(key: string, fallback: number, range: Range = {}): number {
    return this.optionalInteger(key, range) ?? fallback;
  }

  /** Milliseconds. */
  optionalDuration(key: string): number | undefined {
    return this.#read(key, 'a duration such as 500ms, 30s, 5m, 24h, 7d, 2w or 1y', parseDurationMs);
  }

  duration(key: string, fallbackMs: number): number {
    return this.optionalDuration(key) ?? fallbackMs;
  }

  /** Bytes. */
  optionalSize(key: string): number | undefined {
    return this.#read(key, 'a size such as 65536, 512K, 50M or 2G', parseSizeBytes);
  }

  size(key: string, fallbackBytes: number): number {
    return this.optionalSize(key) ?? fallbackBytes;
  }

  choice<const T extends string | boolean>(key: string, choices: readonly T[], fallback: T): T {
    return this.#read(key, `one of ${choices.join(', ')}`, (v) => choices.find((choice) => choice === v)) ?? fallback;
  }

  optionalStrings(key: string): readonly string[] | undefined {
    return this.#read(key, 'a list of strings', (v) =>
      Array.isArray(v) && v.every((item) => typeof item === 'string') ? (v as string[]) : undefined,
    );
  }

  strings(key: string, fallback: readonly string[] = []): readonly string[] {
    return this.optionalStrings(key) ?? fallback;
  }

  /** A string, or a list of strings. */
  stringOrStrings(key: string, fallback: readonly string[] = []): readonly string[] {
    return typeof this.raw(key) === 'string' ? [this.string(key, '')] : this.strings(key, fallback);
  }

  object(key: string): JsonObject | undefined {
    return this.#read(key, 'a map', (v) => (isJsonObject(v) ? v : undefined));
  }

  /** An absolute path. */
  optionalPath(key: string): string | undefined {
    const path = this.optionalString(key);
    return path === undefined ? undefined : resolve(this.cwd, path);
  }

  path(key: string, fallback: string): string {
    return resolve(this.cwd, this.string(key, fallback));
  }

  /** The value of `key`, or the first line's worth of the file that `<key>_path` names. Both at once is a fault. */
  secret(key: string): string | undefined {
    const given = this.optionalString(key);
    const path = this.optionalPath(`${key}_path`);
    if (path === undefined) return given;
    if (given !== undefined) {
      this.problems.error(this.prefix + key, `stands beside ${key}_path; keep one of them`);
      return given;
    }
    return this.fileText(`${key}_path`, path)?.trim();
  }

  /** The text of a file that `key` names; a fault when it cannot be read. */
  fileText(key: string, path: string): string | undefined {
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      this.problems.error(this.prefix + key, `cannot read ${path} (${(error as { code?: string }).code ?? 'error'})`);
      return undefined;
    }
  }

  /** The map below a key; empty when the key is absent. What is not read from it is reported too. */
  section(key: string): Reader {
    return this.#child(this.object(key) ?? {}, `${this.prefix}${key}.`);
  }

  /** The maps of a list. */
  sections(key: string): readonly Reader[] {
    const list = this.#read(key, 'a list of maps', (v) => (Array.isArray(v) && v.every(isJsonObject) ? v : undefined));
    return (list ?? []).map((values, i) => this.#child(values as JsonObject, `${this.prefix}${key}[${i}].`));
  }

  #child(values: JsonObject, prefix: string): Reader {
    const child = new Reader(values, prefix, this.problems, this.cwd);
    this.#children.push(child);
    return child;
  }

  /** The keys of this map that getters asked for, there or not. */
  asked(): ReadonlySet<string> {
    return this.#used;
  }

  /** The dotted paths of all keys that no getter asked for. */
  unread(): string[] {
    const own = Object.keys(this.values).filter((key) => !this.#used.has(key));
    return [...own.map((key) => this.prefix + key), ...this.#children.flatMap((child) => child.unread())];
  }
}
