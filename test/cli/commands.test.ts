import { expect, setDefaultTimeout, test } from 'bun:test';
import { join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { myelin } from './program.ts';

setDefaultTimeout(60_000);

const COMMANDS = [
  'serve',
  'init',
  'user create',
  'user list',
  'user reset-password',
  'user deactivate',
  'keys generate',
  'db migrate',
  'doctor',
  'version',
];

test.concurrent('without arguments, with help and with --help it lists all commands', async () => {
  for (const args of [[], ['help'], ['--help'], ['-h']]) {
    const { code, out, err } = await myelin(args);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    for (const name of COMMANDS) expect(out).toMatch(new RegExp(`^ {2}${name} `, 'm'));
  }
});

test.concurrent('the list is of the commands there are', async () => {
  const main = await Bun.file(join(import.meta.dir, '../../src/app/main.ts')).text();
  const [, list = ''] = /const COMMANDS[^=]*= \[([^\]]*)\]/.exec(main) ?? [];
  expect(list.split(',').filter((name) => name.trim() !== '')).toHaveLength(COMMANDS.length);
});

test.concurrent.each(COMMANDS)('%s --help says what it does, its options, and gives an example', async (name) => {
  for (const args of [
    [...name.split(' '), '--help'],
    [...name.split(' '), '-h'],
    ['help', ...name.split(' ')],
  ]) {
    const { code, out } = await myelin(args);
    expect(code).toBe(0);
    expect(out).toContain(`Usage: myelin ${name}`);
    expect(out).toContain('-h, --help');
    expect(out).toMatch(new RegExp(`Examples:\n {2}myelin ${name}`));
  }
});

test.concurrent('a group alone, or with --help, lists its commands', async () => {
  const alone = await myelin(['user']);
  expect(alone.code).toBe(2);
  expect(alone.err).toContain('user reset-password');
  const asked = await myelin(['user', '--help']);
  expect(asked.code).toBe(0);
  expect(asked.out).toContain('user reset-password');
  expect(asked.out).not.toContain('doctor');
});

test.concurrent.each([
  [['frobnicate'], 'there is no command "frobnicate"'],
  [['doctr'], 'did you mean "doctor"?'],
  [['user', 'creat', 'alice'], 'did you mean "user create"?'],
  [['help', 'frobnicate'], 'there is no command "frobnicate"'],
  [['--frobnicate'], 'there is no command "--frobnicate"'],
  [['doctor', '--frobnicate'], "Unknown option '--frobnicate'\nmyelin doctor --help shows its options"],
  [['user', 'create', '--admin=yes', 'alice'], '--admin'],
  [['keys', 'generate', '--output'], '--output'],
  [['serve', 'now'], 'serve does not take "now"'],
  [['version', '1'], 'version does not take "1"'],
  [['user', 'create'], 'user create needs a user name'],
  [['user', 'deactivate', 'alice', 'bob'], 'user deactivate needs a user name, and one only'],
  [['user', 'create', 'alice', '--password', ''], 'the password is empty'],
  [['serve', '--config', '/nowhere/homeserver.yaml'], 'there is no /nowhere/homeserver.yaml'],
])('%p ends with code 2, and says why', async (args, message) => {
  const { code, out, err } = await myelin(args);
  expect(err).toContain(message);
  expect(err).toStartWith('myelin: ');
  expect(err).not.toContain('    at ');
  expect({ code, out }).toEqual({ code: 2, out: '' });
});

test.concurrent('version prints the version of package.json', async () => {
  for (const args of [['version'], ['--version'], ['-V']]) {
    const { code, out } = await myelin(args);
    expect(code).toBe(0);
    expect(out).toBe(`myelin ${manifest.version} (Bun ${Bun.version})\n`);
  }
});
