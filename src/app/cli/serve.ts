import { rmSync, writeFileSync } from 'node:fs';
import { systemClock } from '#platform/clock/index.ts';
import { writeDefaultConfig } from '#platform/config/index.ts';
import { systemRandom } from '#platform/random/index.ts';
import { VERSION } from '../version.ts';
import { type Command, CommandFailed } from './command.ts';
import { watchLauncher } from './launcher-watch.ts';
import { CONFIG_HELP, CONFIG_OPTIONS, isConfigured, readConfig } from './settings.ts';

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
    const orders = listenForOrders();
    const isFirst = !isConfigured(input);
    if (isFirst) {
      writeDefaultConfig(FIRST_CONFIG, {
        serverName: 'localhost',
        publicBaseurl: 'http://localhost:8008/',
        random: systemRandom,
      });
    }
    const config = readConfig(input);
    const { openServer } = await import('../server.ts');
    await using server = await openServer(config);
    const http = await server.listen();
    using _pidFile = writePidFile(config.server.pidFile);
    if (process.stdout.isTTY || isFirst) {
      for (const line of welcome(http.addresses, isFirst, await server.hasUsers())) input.print(line);
    }
    orders.onReload(() => http.reloadTls());
    await orders.stop;
    server.stopping.abort();
    await http.stop(GRACE_MS);
    return 0;
  },
};

function welcome(addresses: readonly string[], isFirst: boolean, hasUsers: boolean): string[] {
  const [address = 'nowhere'] = addresses.toSorted((a, b) => Number(a.includes('[')) - Number(b.includes('[')));
  const local = address.replace(/127\.0\.0\.1|0\.0\.0\.0|\[::1?\]/, 'localhost');
  return [
    '',
    `  Myelin ${VERSION} is running at ${local}`,
    ...(isFirst ? [`  Its configuration is ${FIRST_CONFIG}; its data lie beside it.`] : []),
    '',
    ...(hasUsers
      ? []
      : [
          '  Nobody has an account yet. Make the first one, an administrator, in another terminal:',
          '',
          '      bin/myelin user create --admin YOUR_NAME',
          '',
        ]),
    '  Stop it with Ctrl+C.',
    '',
  ];
}

interface Orders {
  /** Resolves when the server shall stop: at SIGINT, SIGTERM, or when its launcher is gone. */
  readonly stop: Promise<void>;
  /** What SIGHUP does: reads certificates again. */
  onReload(reload: () => Promise<void>): void;
}

/** From the very start, so that no order ends the process in the middle of its start. A second one to stop ends it at once. */
function listenForOrders(): Orders {
  let reload: () => Promise<void> = async () => undefined;
  process.on('SIGHUP', () => void reload().catch((error: Error) => console.error(`myelin: ${error.message}`)));
  const stop = new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
    watchLauncher(process.env, systemClock, resolve);
  });
  return {
    stop,
    onReload(does) {
      reload = does;
    },
  };
}

function writePidFile(path: string | undefined): Disposable {
  if (path === undefined) return { [Symbol.dispose]: () => undefined };
  try {
    writeFileSync(path, `${process.pid}\n`);
  } catch (error) {
    throw new CommandFailed(`cannot write pid_file: ${(error as Error).message}`);
  }
  return { [Symbol.dispose]: () => rmSync(path, { force: true }) };
}
