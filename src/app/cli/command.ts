import { parseArgs, type ParseArgsConfig } from 'node:util';

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
  readonly examples: readonly string[];
  /** Answers the exit code. */
  run(input: CommandInput): Promise<number>;
}

export interface CommandInput {
  /** Options as given. */
  readonly values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;
  /** What is no option. */
  readonly words: readonly string[];
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

/** Finds and runs the command that the arguments name; answers the exit code. */
export async function runCommand(commands: readonly Command[], args: readonly string[], print: (line: string) => void): Promise<number> {
  const words = args.filter((arg) => !arg.startsWith('-'));
  const command = commands.find(({ name }) => {
    const parts = name.split(' ');
    return parts.every((part, index) => args[index] === part);
  });
  if (command === undefined) {
    const wantsHelp = words.length === 0 || words[0] === 'help';
    print(overview(commands, words[0] === undefined ? undefined : commands.filter(({ name }) => name.startsWith(`${words[0]} `))));
    if (!wantsHelp && !commands.some(({ name }) => name.startsWith(`${words[0]} `))) {
      throw new UsageError(`there is no command "${words.join(' ')}"`);
    }
    return wantsHelp || args.includes('--help') || args.includes('-h') ? 0 : 2;
  }
  const rest = args.slice(command.name.split(' ').length);
  const parsed = parse(command, rest);
  if (parsed.values.help === true) {
    print(helpOf(command));
    return 0;
  }
  return command.run({ values: parsed.values, words: parsed.positionals, print });
}

function parse(command: Command, args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: { ...command.options, ...HELP }, allowPositionals: true, strict: true });
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${helpOf(command)}`);
  }
}

function overview(commands: readonly Command[], group: readonly Command[] | undefined): string {
  const shown = group === undefined || group.length === 0 ? commands : group;
  const width = Math.max(...shown.map(({ name }) => name.length));
  return [
    'Myelin, a Matrix homeserver.',
    '',
    'Usage: myelin COMMAND [OPTIONS]',
    '',
    ...shown.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'myelin COMMAND --help says more about a command.',
  ].join('\n');
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
    ...(examples.length === 0 ? [] : ['', 'Examples:', ...examples.map((example) => `  ${example}`)]),
  ].join('\n');
}
