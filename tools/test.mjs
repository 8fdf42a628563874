// Runs the tests: all of them, or what the arguments name. Options go to `bun test`: node tools/test.mjs src/api --bail
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ensureDependencies, fail, ROOT, runBun } from '../bin/launcher.mjs';

// Real peers and the power cuts take minutes: they have commands of their own, test:peers and test:crash.
const LONG = ['test/peers', 'test/crash'];
const FOLDERS = [
  'src',
  'migrations',
  'tools',
  ...readdirSync(join(ROOT, 'test'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => `test/${entry.name}`)
    .filter((folder) => !LONG.includes(folder)),
];
/** The machine may be busy, and PostgreSQL on it; a test that hangs must end all the same. */
const TIMEOUT = ['--timeout', '60000'];

/** With `./` a path is a path: without, `test` would match every file whose path has the word in it. */
const asPath = (argument) =>
  argument.startsWith('.') || argument.startsWith('/') || !existsSync(join(ROOT, argument))
    ? argument
    : `./${argument}`;

try {
  ensureDependencies({ name: 'test', withDev: true });
  const [options, paths] = split(process.argv.slice(2));
  const chosen = paths.length > 0 ? paths : FOLDERS.filter((folder) => existsSync(join(ROOT, folder)));
  runBun(['test', ...TIMEOUT, ...options, ...chosen.map(asPath)], { cwd: ROOT });
} catch (error) {
  fail(error, 'test');
}

/** Options, each with its value, apart from paths. `-t` and `--timeout` are those of `bun test` whose value stands apart. */
function split(args) {
  const options = [];
  const rest = [];
  for (let i = 0; i < args.length; i++) {
    if (!args[i].startsWith('-')) rest.push(args[i]);
    else {
      options.push(args[i]);
      const takesValue = ['-t', '--test-name-pattern', '--timeout', '--rerun-each', '--seed', '--preload'].includes(
        args[i],
      );
      if (takesValue && i + 1 < args.length) options.push(args[++i]);
    }
  }
  return [options, rest];
}
