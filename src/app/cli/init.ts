import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline/promises';
import { loadConfig, writeDefaultConfig } from '#platform/config/index.ts';
import { systemRandom } from '#platform/random/index.ts';
import { parseServerName } from '#protocol/identifiers/index.ts';
import { loadSigningKey } from '../signing-key.ts';
import { type Command, CommandFailed, type CommandInput, UsageError } from './command.ts';

const DEFAULT_PORT = 8008;
const HIGHEST_PORT = 65_535;

interface Choices {
  readonly serverName: string;
  /** Left to its default when absent. */
  readonly publicBaseurl: string | undefined;
}

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
    ['--public-baseurl URL', 'where clients reach the server (default: https://NAME/)'],
    ['--data-dir DIR', 'where database, media and keys lie (default: data)'],
    ['--port PORT', `where to listen (default: ${DEFAULT_PORT})`],
    ['-o, --output FILE', 'the file to write, never over an existing one (default: DIR/homeserver.yaml)'],
  ],
  examples: ['myelin init', 'myelin init --server-name example.org --public-baseurl https://matrix.example.org/'],
  async run({ values, print }) {
    const dataDir = (values['data-dir'] as string | undefined) ?? 'data';
    const path = (values.output as string | undefined) ?? join(dataDir, 'homeserver.yaml');
    if (existsSync(path)) throw new CommandFailed(`${path} exists already; it is left as it is`);
    const port = portOf(values.port as string | undefined);
    const given = choicesOf(values);
    const { serverName, publicBaseurl } = given ?? (await askOnTerminal());
    const baseurl = publicBaseurl ?? (serverName === 'localhost' ? `http://localhost:${port}/` : undefined);
    writeDefaultConfig(path, {
      serverName,
      dataDir,
      port,
      random: systemRandom,
      ...(baseurl === undefined ? {} : { publicBaseurl: baseurl }),
    });
    const { keys } = loadConfig({ files: [path] });
    const key = loadSigningKey(keys.signingKeyPath, systemRandom);
    print(`wrote ${path}`);
    print(`signing key ${key.keyId} in ${keys.signingKeyPath}`);
    print(`next: myelin serve --config ${path}`);
    return 0;
  },
};

function portOf(text: string | undefined): number {
  const port = Number(text ?? DEFAULT_PORT);
  if (Number.isInteger(port) && port >= 1 && port <= HIGHEST_PORT) return port;
  throw new UsageError(`--port takes a number from 1 to ${HIGHEST_PORT}`);
}

const SERVER_NAME_RULE = 'is no server name: a host name such as example.org, with :PORT if need be';
const URL_RULE = 'is no URL that starts with https:// or http://';
const isServerName = (text: string): boolean => parseServerName(text) !== undefined;
const isUrl = (text: string): boolean => /^https?:\/\/[^/]/.test(text) && URL.canParse(text);

/** What the options say; nothing when the terminal is to be asked. */
function choicesOf(values: CommandInput['values']): Choices | undefined {
  const serverName = values['server-name'] as string | undefined;
  const publicBaseurl = values['public-baseurl'] as string | undefined;
  if (serverName === undefined && process.stdin.isTTY) return undefined;
  if (serverName !== undefined && !isServerName(serverName))
    throw new UsageError(`"${serverName}" ${SERVER_NAME_RULE}`);
  if (publicBaseurl !== undefined && !isUrl(publicBaseurl)) throw new UsageError(`"${publicBaseurl}" ${URL_RULE}`);
  return { serverName: serverName ?? 'localhost', publicBaseurl };
}

async function askOnTerminal(): Promise<Choices> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const nameQuestion = 'Server name (after the colon in user ids; cannot be changed later) [localhost]: ';
    const serverName = (await ask(terminal, nameQuestion, isServerName, SERVER_NAME_RULE)) ?? 'localhost';
    if (serverName === 'localhost') return { serverName, publicBaseurl: undefined };
    const urlQuestion = `URL at which clients reach the server [https://${serverName}/]: `;
    return { serverName, publicBaseurl: await ask(terminal, urlQuestion, isUrl, URL_RULE) };
  } finally {
    terminal.close();
  }
}

/** Asks until the answer will do; nothing for an empty one. */
async function ask(
  terminal: Interface,
  question: string,
  isGood: (answer: string) => boolean,
  rule: string,
): Promise<string | undefined> {
  const stop = new AbortController();
  const giveUp = (): void => stop.abort();
  terminal.once('SIGINT', giveUp).once('close', giveUp);
  try {
    for (;;) {
      const answer = (await terminal.question(question, { signal: stop.signal })).trim();
      if (answer === '') return undefined;
      if (isGood(answer)) return answer;
      process.stdout.write(`"${answer}" ${rule}\n`);
    }
  } catch {
    throw new CommandFailed('given up; nothing was written');
  } finally {
    terminal.off('SIGINT', giveUp).off('close', giveUp);
  }
}
