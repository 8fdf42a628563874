import { existsSync } from 'node:fs';
import { ConfigError, writeDefaultConfig } from '#platform/config/index.ts';
import { systemRandom } from '#platform/random/index.ts';
import { openServer } from '../server.ts';
import { VERSION } from '../version.ts';
import type { Command } from './command.ts';
import { CONFIG_HELP, CONFIG_OPTIONS, configFiles, readConfig } from './settings.ts';

/** Where a first start without any configuration writes one. */
const FIRST_CONFIG = 'data/homeserver.yaml';
/** How long requests under way may take to finish at the end. */
const GRACE_MS = 10_000;

export const serve: Command = {
  name: 'serve',
  summary: 'Runs the server. The first time, makes a data folder with configuration, signing key and database.',
  usage: '[--config FILE]',
  options: CONFIG_OPTIONS,
  optionHelp: CONFIG_HELP,
  examples: ['myelin serve', 'myelin serve --config /etc/myelin/homeserver.yaml'],
  async run(input) {
    const isFirst = configFiles(input).length === 0 && process.env.MYELIN_SERVER_NAME === undefined;
    if (isFirst) writeDefaultConfig(FIRST_CONFIG, { serverName: 'localhost', publicBaseurl: 'http://localhost:8008/', random: systemRandom });
    const config = readConfig(input);
    for (const file of configFiles(input)) if (!existsSync(file)) throw new ConfigError([`${file}: there is no such file`]);
    await using server = await openServer(config);
    const http = await server.listen();
    if (process.stdout.isTTY || isFirst) for (const line of welcome(http.addresses, await server.hasUsers())) input.print(line);
    await stopRequested(() => http.reloadTls());
    server.stopping.abort();
    await http.stop(GRACE_MS);
    return 0;
  },
};

function welcome(addresses: readonly string[], hasUsers: boolean): string[] {
  const [address = 'http://localhost:8008/'] = addresses.toSorted((a, b) => Number(a.includes('[')) - Number(b.includes('[')));
  const local = address.replace('127.0.0.1', 'localhost');
  const first = hasUsers
    ? []
    : ['  Nobody has an account yet. Make the first one, an administrator, in another terminal:', '', '      bin/myelin user create --admin YOUR_NAME', ''];
  return ['', `  Myelin ${VERSION} is running at ${local}`, '', ...first, '  Stop it with Ctrl+C.', ''];
}

/** Resolves at the first SIGINT or SIGTERM. SIGHUP reloads certificates meanwhile. */
function stopRequested(reload: () => Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
    process.on('SIGHUP', () => void reload().catch((error: Error) => console.error(error.message)));
  });
}
