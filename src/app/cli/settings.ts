import { existsSync } from 'node:fs';
import { type Config, loadConfig } from '#platform/config/index.ts';
import type { CommandInput } from './command.ts';

/** The options by which every command finds its configuration. */
export const CONFIG_OPTIONS = {
  config: { type: 'string', short: 'c', multiple: true },
} as const;

export const CONFIG_HELP: readonly (readonly [string, string])[] = [
  ['-c, --config FILE', 'configuration, or a folder of them; may be repeated (default: homeserver.yaml here or in data/, if there)'],
];

const DEFAULT_FILES = ['homeserver.yaml', 'data/homeserver.yaml'];

/** The files that a command reads its configuration from. */
export function configFiles({ values }: Pick<CommandInput, 'values'>): string[] {
  const given = values.config as string[] | undefined;
  if (given !== undefined) return given;
  const found = process.env.MYELIN_CONFIG ?? DEFAULT_FILES.find((file) => existsSync(file));
  return found === undefined ? [] : [found];
}

/** @throws ConfigError naming every fault. */
export function readConfig(input: Pick<CommandInput, 'values'>): Config {
  return loadConfig({ files: configFiles(input), env: process.env });
}
