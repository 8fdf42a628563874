import { existsSync, statSync } from 'node:fs';
import { type Config, loadConfig } from '#platform/config/index.ts';
import { type CommandInput, UsageError } from './command.ts';

/** The options by which every command finds its configuration. */
export const CONFIG_OPTIONS = {
  config: { type: 'string', short: 'c', multiple: true },
} as const;

export const CONFIG_HELP: readonly (readonly [string, string])[] = [
  [
    '-c, --config FILE',
    'configuration, or a folder of them; may be repeated (default: homeserver.yaml here or in data/, if there)',
  ],
];

const DEFAULT_FILES = ['homeserver.yaml', 'data/homeserver.yaml'];

/** The files that a command reads its configuration from. */
function configFiles({ values }: Pick<CommandInput, 'values'>): string[] {
  const given = values.config as string[] | undefined;
  if (given !== undefined) return given;
  const found = process.env.MYELIN_CONFIG ?? DEFAULT_FILES.find((file) => existsSync(file));
  return found === undefined ? [] : [found];
}

/** Whether somebody has said what server this is, in a file or by `MYELIN_SERVER_NAME`. */
export const isConfigured = (input: Pick<CommandInput, 'values'>): boolean =>
  configFiles(input).length > 0 || process.env.MYELIN_SERVER_NAME !== undefined;

/** @throws ConfigError naming every fault; UsageError for a file that is not there. */
export function readConfig(input: Pick<CommandInput, 'values'>): Config {
  const files = configFiles(input);
  for (const file of files) refuseMissing(file);
  return loadConfig({ files, env: process.env, needsServerName: files.length > 0 });
}

function refuseMissing(file: string): void {
  try {
    statSync(file);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ENOENT') throw new UsageError(`there is no ${file}; "myelin init --output ${file}" writes one`);
    throw new UsageError(`cannot read ${file} (${code ?? 'error'})`);
  }
}

/**
 * The configuration of a server that exists. In a wrong folder the defaults would stand for another server, a new one.
 * @throws UsageError where nothing is configured.
 */
export function readExistingConfig(input: Pick<CommandInput, 'values'>): Config {
  if (isConfigured(input)) return readConfig(input);
  throw new UsageError(
    `there is no ${DEFAULT_FILES.join(' or ')} in ${process.cwd()}\ngo to the server's folder, or say --config FILE`,
  );
}
