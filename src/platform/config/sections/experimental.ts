import type { JsonValue } from '#protocol/json.ts';
import type { Reader } from '../reader.ts';

/** `experimental_features`: the flags as given. Most are on or off; a few carry a number or text. */
export type ExperimentalConfig = Readonly<Record<string, JsonValue>>;

export function readExperimental(reader: Reader): ExperimentalConfig {
  return (reader.object('experimental_features') ?? {}) as ExperimentalConfig;
}
