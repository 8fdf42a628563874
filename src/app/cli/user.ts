import { createInterface } from 'node:readline/promises';
import { systemRandom } from '#platform/random/index.ts';
import type { JsonObject, JsonValue } from '#protocol/json.ts';
import { askRunningServer } from '../operations.ts';
import { openServer } from '../server.ts';
import { type Command, CommandFailed, type CommandInput, UsageError } from './command.ts';
import { CONFIG_HELP, CONFIG_OPTIONS, readConfig } from './settings.ts';

/** Has the running server do it, or, if none runs on the data folder, does it here. */
async function operate(input: CommandInput, operation: string, args: JsonObject): Promise<JsonValue> {
  const config = readConfig(input);
  try {
    const running = await askRunningServer(config.server.dataDir, operation, args);
    if (running !== undefined) return running.answer;
    await using server = await openServer(config, { quiet: true });
    return await server.operations[operation]!(args);
  } catch (error) {
    throw new CommandFailed((error as Error).message);
  }
}

function oneName({ words }: CommandInput): string {
  const [name, ...more] = words;
  if (name === undefined || more.length > 0) throw new UsageError('give one user name');
  return name;
}

async function readPassword(input: CommandInput): Promise<{ password: string; isMade: boolean }> {
  if (typeof input.values.password === 'string') return { password: input.values.password, isMade: false };
  if (!process.stdin.isTTY) return { password: systemRandom.text(20), isMade: true };
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const typed = (await terminal.question('Password (empty: one is made up): ')).trim();
    return typed === '' ? { password: systemRandom.text(20), isMade: true } : { password: typed, isMade: false };
  } finally {
    terminal.close();
  }
}

const PASSWORD_OPTION = { password: { type: 'string', short: 'p' } } as const;
const PASSWORD_HELP = ['-p, --password PASSWORD', 'asked for on a terminal; else one is made up and printed'] as const;

export const userCreate: Command = {
  name: 'user create',
  summary: 'Makes an account.',
  usage: '[--admin] [--password PASSWORD] NAME',
  options: { ...CONFIG_OPTIONS, ...PASSWORD_OPTION, admin: { type: 'boolean', short: 'a' } },
  optionHelp: [...CONFIG_HELP, PASSWORD_HELP, ['-a, --admin', 'make it a server administrator']],
  examples: ['myelin user create --admin alice', 'myelin user create --password "$PASSWORD" bob'],
  async run(input) {
    const name = oneName(input);
    const { password, isMade } = await readPassword(input);
    const { user_id: userId } = (await operate(input, 'createUser', { name, password, admin: input.values.admin === true })) as JsonObject;
    input.print(`made ${userId}${isMade ? `, password ${password}` : ''}`);
    return 0;
  },
};

export const userList: Command = {
  name: 'user list',
  summary: 'Lists the accounts.',
  usage: '',
  options: CONFIG_OPTIONS,
  optionHelp: CONFIG_HELP,
  examples: ['myelin user list'],
  async run(input) {
    for (const user of (await operate(input, 'listUsers', {})) as JsonObject[]) {
      const marks = ['admin', 'guest', 'deactivated', 'locked', 'suspended'].filter((mark) => user[mark] === true);
      input.print([user.user_id, ...marks].join('  '));
    }
    return 0;
  },
};

export const userResetPassword: Command = {
  name: 'user reset-password',
  summary: 'Sets a new password, and logs the user out everywhere.',
  usage: '[--keep-sessions] [--password PASSWORD] NAME',
  options: { ...CONFIG_OPTIONS, ...PASSWORD_OPTION, 'keep-sessions': { type: 'boolean' } },
  optionHelp: [...CONFIG_HELP, PASSWORD_HELP, ['--keep-sessions', 'leave the user logged in']],
  examples: ['myelin user reset-password alice'],
  async run(input) {
    const name = oneName(input);
    const { password, isMade } = await readPassword(input);
    await operate(input, 'resetPassword', { name, password, keep_sessions: input.values['keep-sessions'] === true });
    input.print(`new password set${isMade ? `: ${password}` : ''}`);
    return 0;
  },
};

export const userDeactivate: Command = {
  name: 'user deactivate',
  summary: 'Deactivates an account for good: logged out, no password, out of its rooms.',
  usage: '[--erase] NAME',
  options: { ...CONFIG_OPTIONS, erase: { type: 'boolean' } },
  optionHelp: [...CONFIG_HELP, ['--erase', 'also hide their messages from those who join rooms later']],
  examples: ['myelin user deactivate --erase mallory'],
  async run(input) {
    await operate(input, 'deactivateUser', { name: oneName(input), erase: input.values.erase === true });
    input.print('deactivated');
    return 0;
  },
};
