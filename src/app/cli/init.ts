import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { loadConfig, writeDefaultConfig } from '#platform/config/index.ts';
import { systemRandom } from '#platform/random/index.ts';
import { parseServerName } from '#protocol/identifiers/index.ts';
import { loadSigningKey } from '../signing-key.ts';
import { type Command, CommandFailed, UsageError } from './command.ts';

export const init: Command = {
  name: 'init',
  summary: 'Writes a commented homeserver.yaml and a signing key.',
  usage: '[--server-name NAME] [--public-baseurl URL] [--data-dir DIR] [--port PORT] [--output FILE]',
  options: {
    'server-name': { type: 'string' },
    'public-baseurl': { type: 'string' },
    'data-dir': { type: 'string' },
    port: { type: 'string' },
    output: { type: 'string', short: 'o' },
  },
  optionHelp: [
    ['--server-name NAME', 'the part after the colon in user ids; asked for on a terminal, else localhost'],
    ['--public-baseurl URL', 'where clients reach the server'],
    ['--data-dir DIR', 'where database, media and keys lie (default: data)'],
    ['--port PORT', 'where to listen (default: 8008)'],
    ['-o, --output FILE', 'the file to write (default: DIR/homeserver.yaml)'],
  ],
  examples: ['myelin init', 'myelin init --server-name example.org --public-baseurl https://matrix.example.org/'],
  async run({ values, print }) {
    const asked = process.stdin.isTTY && values['server-name'] === undefined ? await askQuestions() : {};
    const serverName = (values['server-name'] as string | undefined) ?? asked.serverName ?? 'localhost';
    if (parseServerName(serverName) === undefined) throw new UsageError(`"${serverName}" is not a server name`);
    const publicBaseurl = (values['public-baseurl'] as string | undefined) ?? asked.publicBaseurl;
    const port = Number((values.port as string | undefined) ?? 8008);
    if (!Number.isInteger(port) || port < 1 || port > 65535) throw new UsageError('--port takes a number from 1 to 65535');
    const dataDir = (values['data-dir'] as string | undefined) ?? 'data';
    const path = (values.output as string | undefined) ?? join(dataDir, 'homeserver.yaml');
    if (existsSync(path)) throw new CommandFailed(`${path} exists already; it is left as it is`);
    writeDefaultConfig(path, { serverName, dataDir, port, random: systemRandom, ...(publicBaseurl === undefined ? {} : { publicBaseurl }) });
    const config = loadConfig({ files: [path] });
    const key = loadSigningKey(config.keys.signingKeyPath, systemRandom);
    print(`wrote ${path}`);
    print(`signing key ${key.keyId} in ${config.keys.signingKeyPath}`);
    print(`next: myelin serve --config ${path}`);
    return 0;
  },
};

async function askQuestions(): Promise<{ serverName?: string; publicBaseurl?: string }> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const serverName = (await terminal.question('Server name (after the colon in user ids; cannot be changed later) [localhost]: ')).trim();
    if (serverName === '') return {};
    const publicBaseurl = (await terminal.question(`URL at which clients reach the server [https://${serverName}/]: `)).trim();
    return { serverName, ...(publicBaseurl === '' ? {} : { publicBaseurl }) };
  } finally {
    terminal.close();
  }
}
