/** The program: one command a run. See `cli/`. */
import { ConfigError } from '#platform/config/index.ts';
import { type Command, CommandFailed, runCommand, UsageError } from './cli/command.ts';
import { dbMigrate } from './cli/db.ts';
import { doctor } from './cli/doctor.ts';
import { init } from './cli/init.ts';
import { keysGenerate } from './cli/keys.ts';
import { serve } from './cli/serve.ts';
import { userCreate, userDeactivate, userList, userResetPassword } from './cli/user.ts';
import { version } from './cli/version.ts';

const COMMANDS: readonly Command[] = [
  serve,
  init,
  userCreate,
  userList,
  userResetPassword,
  userDeactivate,
  keysGenerate,
  dbMigrate,
  doctor,
  version,
];

/** Exit codes: 0 done, 1 could not be done, 2 asked for wrongly (arguments or configuration). */
async function main(args: readonly string[]): Promise<number> {
  try {
    return await runCommand(COMMANDS, args, (line) => console.log(line));
  } catch (error) {
    if (error instanceof UsageError || error instanceof ConfigError) {
      console.error(`myelin: ${error.message}`);
      return 2;
    }
    console.error(`myelin: ${error instanceof CommandFailed ? error.message : startUpMessage(error)}`);
    return 1;
  }
}

/** What keeps a server from starting is told in one line; the stack is for those who ask for it. */
function startUpMessage(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (process.env.MYELIN_DEBUG !== undefined) return error.stack ?? error.message;
  // What we throw ourselves says what to do; what others throw may need a look at where it came from.
  // One about a file names the file.
  const isOurs = Object.getPrototypeOf(error) === Error.prototype && (!('code' in error) || 'path' in error);
  return isOurs ? error.message : `${error.message} (MYELIN_DEBUG=1 shows where)`;
}

// Database, keys, media and sockets are for the user who runs the server, whatever their shell's habit.
process.umask(process.umask() | 0o077);
// No `await` here: as CommonJS, which a bundle with bytecode is, a module cannot have one.
void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
  // Worker threads and idle connections must not keep a finished command alive.
  process.exit();
});
