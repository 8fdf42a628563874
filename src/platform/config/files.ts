import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type DocumentOptions, type ParseOptions, parseDocument, type SchemaOptions } from 'yaml';
import { isJsonObject, type JsonObject, type JsonValue } from '#protocol/json.ts';
import { ConfigError } from './problems.ts';

/** The merged maps of several files. A later file's top-level key replaces an earlier one's whole, as with Synapse. */
export function readConfigFiles(paths: readonly string[]): JsonObject {
  return Object.fromEntries(paths.flatMap(expandFolder).flatMap((path) => Object.entries(readConfigFile(path))));
}

/** A folder stands for its `.yaml` files in the order of their names. */
function expandFolder(path: string): string[] {
  if (!statSync(path, { throwIfNoEntry: false })?.isDirectory()) return [path];
  const names = readdirSync(path).filter((name) => name.endsWith('.yaml') || name.endsWith('.yml'));
  if (names.length === 0) throw new ConfigError([`the folder ${path} has no .yaml file`]);
  return names.sort().map((name) => join(path, name));
}

function readConfigFile(path: string): JsonObject {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError([`cannot read ${path} (${(error as { code?: string }).code ?? 'error'})`]);
  }
  return parseConfigText(text, path);
}

/** As Synapse's reader: YAML 1.1, where `yes` is true and `0660` octal; but what looks like a date stays text. */
const YAML_OPTIONS: ParseOptions & DocumentOptions & SchemaOptions = {
  version: '1.1',
  merge: true,
  uniqueKeys: true,
  customTags: (tags) => tags.filter((tag) => typeof tag === 'string' || !tag.tag.endsWith(':timestamp')),
};

/** Without the lines themselves, which may hold secrets. */
function refuseErrors(errors: readonly Error[], name: string): void {
  if (errors.length > 0)
    throw new ConfigError(errors.map(({ message }) => `${name}: ${message.split('\n')[0]?.replace(/:$/, '')}`));
}

/** The map of a YAML text. */
function parseConfigText(text: string, name: string): JsonObject {
  const document = parseDocument(text, YAML_OPTIONS);
  refuseErrors(document.errors, name);
  const value: unknown = document.toJS() ?? {};
  if (!isJsonObject(value)) throw new ConfigError([`${name}: must be a map of keys to values`]);
  return value;
}

const ENVIRONMENT_PREFIX = 'MYELIN_';
/** Variables with the prefix that are for the launcher and the command line, and no keys. */
const NO_KEYS = new Set(['MYELIN_CONFIG', 'MYELIN_BUN', 'MYELIN_LAUNCHER_PID', 'MYELIN_DEBUG', 'MYELIN_FROM_SOURCE']);

const isForUs = (name: string): boolean =>
  name.startsWith(ENVIRONMENT_PREFIX) && !NO_KEYS.has(name) && !name.startsWith('MYELIN_TEST_');

/** The variable that stands for a key. */
export const variableOf = (key: string): string => ENVIRONMENT_PREFIX + key.toUpperCase();

/** `MYELIN_SERVER_NAME=x` is the key `server_name`; the value is read as YAML, so numbers, booleans and lists work. */
export function readEnvironment(env: Readonly<Record<string, string | undefined>>): JsonObject {
  const entries = Object.entries(env).filter(([name, value]) => isForUs(name) && value !== undefined);
  return Object.fromEntries(
    entries.map(([name, text]) => [name.slice(ENVIRONMENT_PREFIX.length).toLowerCase(), parseValue(name, text ?? '')]),
  );
}

function parseValue(name: string, text: string): JsonValue {
  const document = parseDocument(text, YAML_OPTIONS);
  refuseErrors(document.errors, name);
  return (document.toJS() ?? null) as JsonValue;
}
