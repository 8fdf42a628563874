import { type ParseArgsConfig, parseArgs } from 'node:util';
import { nearest } from '#platform/config/nearest.ts';

/** One command of the program. */
export interface Command {
  /** `user create`: the words that choose it. */
  readonly name: string;
  /** What it does, in one line. */
  readonly summary: string;
  /** What follows the name: `[--admin] NAME`. */
  readonly usage: string;
  readonly options: NonNullable<ParseArgsConfig['options']>;
  /** A line for each option, as the help shows it. */
  readonly optionHelp: readonly (readonly [option: string, meaning: string])[];
  /** What the one word besides the options is, for a command that takes one: `a user name`. */
  readonly takes?: string;
  readonly examples: readonly string[];
  /** Answers the exit code. */
  run(input: CommandInput): Promise<number>;
}

export interface CommandInput {
  /** Options as given. */
  readonly values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;
  /** What is no option; empty for commands that take none. */
  readonly word: string;
  readonly print: (line: string) => void;
}

/** A mistake of the operator: its message is printed, without a stack, and the program ends with code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** What was asked for could not be done: printed likewise, code 1. */
export class CommandFailed extends Error {
  override readonly name = 'CommandFailed';
}

const HELP = { help: { type: 'boolean', short: 'h' } } as const;

type Print = (line: string) => void;

/** Finds and runs the command that the arguments name; answers the exit code. */
export async function runCommand(commands: readonly Command[], args: readonly string[], print: Print): Promise<number> {
  const [first, ...others] = args;
  if (first === undefined) return help(commands, [], print);
  if (first === 'help') return help(commands, others, print);
  if (first === '--version' || first === '-V') return runCommand(commands, ['version'], print);
  if (args.every((arg) => !isAskingForHelp(arg)) || find(commands, args) !== undefined) {
    return run(named(commands, args), args, print);
  }
  return help(
    commands,
    args.filter((arg) => !isAskingForHelp(arg)),
    print,
  );
}

const isAskingForHelp = (arg: string): boolean => arg === '--help' || arg === '-h';

const find = (commands: readonly Command[], words: readonly string[]): Command | undefined =>
  commands.find(({ name }) => name.split(' ').every((part, index) => words[index] === part));

const groupOf = (commands: readonly Command[], word: string | undefined): readonly Command[] =>
  commands.filter(({ name }) => name.startsWith(`${word} `));

/** The command of these words. Throws what to tell somebody who named none. */
function named(commands: readonly Command[], words: readonly string[]): Command {
  const command = find(commands, words);
  if (command !== undefined) return command;
  const group = groupOf(commands, words[0]);
  const asked = words.slice(0, group.length > 0 ? 2 : 1).join(' ');
  if (group.length > 0 && words.length === 1) throw new UsageError(`${asked} what?\n\n${list(group)}`);
  const meant = nearest(
    asked,
    commands.map(({ name }) => name),
  );
  const guess = meant === undefined ? '' : `; did you mean "${meant}"?`;
  throw new UsageError(`there is no command "${asked}"${guess}\nmyelin --help lists the commands`);
}

async function run(command: Command, args: readonly string[], print: Print): Promise<number> {
  const { values, positionals } = parse(command, args.slice(command.name.split(' ').length));
  if (values.help === true) {
    print(helpOf(command));
    return 0;
  }
  return command.run({ values, word: wordOf(command, positionals), print });
}

function parse({ name, options }: Command, args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: { ...options, ...HELP }, allowPositionals: true, strict: true });
  } catch (error) {
    const [what = ''] = (error as Error).message.split(/\. |\n/);
    throw new UsageError(`${what}\nmyelin ${name} --help shows its options`);
  }
}

function wordOf({ name, takes }: Command, words: readonly string[]): string {
  const [word, ...more] = words;
  if (takes === undefined && word !== undefined) {
    throw new UsageError(`${name} does not take "${word}"\nmyelin ${name} --help shows what it takes`);
  }
  if (takes === undefined) return '';
  if (word !== undefined && more.length === 0) return word;
  throw new UsageError(`${name} needs ${takes}, and one only\nmyelin ${name} --help shows how`);
}

function help(commands: readonly Command[], words: readonly string[], print: Print): number {
  const group = groupOf(commands, words[0]);
  if (words.length === 0 || (words.length === 1 && group.length > 0))
    print(overview(words.length > 0 ? group : commands));
  else print(helpOf(named(commands, words)));
  return 0;
}

const overview = (commands: readonly Command[]): string =>
  [
    'Myelin, a Matrix homeserver.',
    '',
    'Usage: myelin COMMAND [OPTIONS]',
    '',
    list(commands),
    '',
    'myelin COMMAND --help says more about a command.',
  ].join('\n');

function list(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`).join('\n');
}

function helpOf({ name, summary, usage, optionHelp, examples }: Command): string {
  const all = [...optionHelp, ['-h, --help', 'show this help'] as const];
  const width = Math.max(...all.map(([option]) => option.length));
  return [
    summary,
    '',
    `Usage: myelin ${name} ${usage}`.trimEnd(),
    '',
    'Options:',
    ...all.map(([option, meaning]) => `  ${option.padEnd(width)}  ${meaning}`),
    '',
    'Examples:',
    ...examples.map((example) => `  ${example}`),
  ].join('\n');
}
