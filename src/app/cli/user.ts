import { readFileSync } from 'node:fs';
import { systemClock } from '#platform/clock/index.ts';
import type { Config } from '#platform/config/index.ts';
import { systemRandom } from '#platform/random/index.ts';
import type { JsonObject, JsonValue } from '#protocol/json.ts';
import { askRunningServer } from '../operations.ts';
import { type Command, CommandFailed, type CommandInput, UsageError } from './command.ts';
import { readSecret } from './read-secret.ts';
import { CONFIG_HELP, CONFIG_OPTIONS, readExistingConfig } from './settings.ts';

/** Has the running server do it, or, if none runs on the data folder, does it here. */
async function operate(input: CommandInput, operation: string, args: JsonObject): Promise<JsonValue> {
  const config = readExistingConfig(input);
  try {
    for (let attempt = 1; ; attempt++) {
      const running = await askRunningServer(config.server.dataDir, operation, args);
      if (running !== undefined) return running.answer;
      try {
        return await operateHere(config, operation, args);
      } catch (error) {
        // A server that is just starting has its database before it can be asked.
        if (attempt === ATTEMPTS || !(error as Error).message.includes('is in use')) throw error;
        await systemClock.sleep(ATTEMPT_DELAY_MS);
      }
    }
  } catch (error) {
    throw new CommandFailed((error as Error).message);
  }
}

async function operateHere(config: Config, operation: string, args: JsonObject): Promise<JsonValue> {
  // Loaded only where it is needed: it is the whole server.
  const { openServer } = await import('../server.ts');
  await using server = await openServer(config, { quiet: true });
  return await server.operations[operation]!(args);
}

const ATTEMPTS = 10;
const ATTEMPT_DELAY_MS = 300;
const PASSWORD_LENGTH = 20;
const STANDARD_INPUT = 0;

interface Password {
  readonly password: string;
  /** Made up here, hence to be told. */
  readonly isMade: boolean;
}

async function readPassword({ values }: CommandInput): Promise<Password> {
  const file = values['password-file'] as string | undefined;
  if (file !== undefined && values.password !== undefined) {
    throw new UsageError('give --password or --password-file, not both');
  }
  if (file !== undefined) return given(firstLine(file));
  if (typeof values.password === 'string') return given(values.password);
  const typed = process.stdin.isTTY ? await readSecret('Password (empty: one is made up): ') : '';
  return typed === '' ? { password: systemRandom.text(PASSWORD_LENGTH), isMade: true } : given(typed);
}

function given(password: string): Password {
  if (password === '') throw new UsageError('the password is empty');
  return { password, isMade: false };
}

function firstLine(file: string): string {
  try {
    return readFileSync(file === '-' ? STANDARD_INPUT : file, 'utf8').split(/\r?\n/)[0] ?? '';
  } catch (error) {
    throw new CommandFailed(`cannot read the password: ${(error as Error).message}`);
  }
}

const PASSWORD_OPTIONS = { password: { type: 'string', short: 'p' }, 'password-file': { type: 'string' } } as const;
const PASSWORD_HELP: Command['optionHelp'] = [
  ['-p, --password PASSWORD', 'asked for on a terminal; else one is made up and printed'],
  ['--password-file FILE', 'its first line is the password; - is standard input'],
];
const A_USER = 'a user name';

export const userCreate: Command = {
  name: 'user create',
  summary: 'Makes an account.',
  usage: '[--config FILE] [--admin] [--password PASSWORD | --password-file FILE] NAME',
  takes: A_USER,
  options: { ...CONFIG_OPTIONS, ...PASSWORD_OPTIONS, admin: { type: 'boolean', short: 'a' } },
  optionHelp: [...CONFIG_HELP, ...PASSWORD_HELP, ['-a, --admin', 'make it a server administrator']],
  examples: ['myelin user create --admin alice', 'myelin user create --password-file secret.txt bob'],
  async run(input) {
    const { password, isMade } = await readPassword(input);
    const args = { name: input.word, password, admin: input.values.admin === true };
    const { user_id: userId } = (await operate(input, 'createUser', args)) as JsonObject;
    input.print(`made ${userId}${isMade ? `, password ${password}` : ''}`);
    return 0;
  },
};

const MARKS = ['admin', 'guest', 'deactivated', 'locked', 'suspended'];

export const userList: Command = {
  name: 'user list',
  summary: 'Lists the accounts.',
  usage: '[--config FILE]',
  options: CONFIG_OPTIONS,
  optionHelp: CONFIG_HELP,
  examples: ['myelin user list'],
  async run(input) {
    for (const user of (await operate(input, 'listUsers', {})) as JsonObject[]) {
      input.print([user.user_id, ...MARKS.filter((mark) => user[mark] === true)].join('  '));
    }
    return 0;
  },
};

export const userResetPassword: Command = {
  name: 'user reset-password',
  summary: 'Sets a new password, and logs the user out everywhere.',
  usage: '[--config FILE] [--keep-sessions] [--password PASSWORD | --password-file FILE] NAME',
  takes: A_USER,
  options: { ...CONFIG_OPTIONS, ...PASSWORD_OPTIONS, 'keep-sessions': { type: 'boolean' } },
  optionHelp: [...CONFIG_HELP, ...PASSWORD_HELP, ['--keep-sessions', 'leave the user logged in']],
  examples: ['myelin user reset-password alice', 'myelin user reset-password --keep-sessions --password-file - alice'],
  async run(input) {
    const { password, isMade } = await readPassword(input);
    const args = { name: input.word, password, keep_sessions: input.values['keep-sessions'] === true };
    await operate(input, 'resetPassword', args);
    input.print(`new password set${isMade ? `: ${password}` : ''}`);
    return 0;
  },
};

export const userDeactivate: Command = {
  name: 'user deactivate',
  summary: 'Deactivates an account for good: logged out, no password, out of its rooms.',
  usage: '[--config FILE] [--erase] NAME',
  takes: A_USER,
  options: { ...CONFIG_OPTIONS, erase: { type: 'boolean' } },
  optionHelp: [...CONFIG_HELP, ['--erase', 'also hide their messages from those who join rooms later']],
  examples: ['myelin user deactivate mallory', 'myelin user deactivate --erase mallory'],
  async run(input) {
    await operate(input, 'deactivateUser', { name: input.word, erase: input.values.erase === true });
    input.print('deactivated');
    return 0;
  },
};
