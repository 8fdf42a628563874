/** The program as an operator runs it: real processes in temporary folders, their answers read from their output. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROGRAM = join(import.meta.dir, '../../src/app/main.ts');

const made: string[] = [];
/** What still runs when a test has failed half-way. */
const running = new Set<Bun.Subprocess>();

/** An empty folder for its owner only. */
export function emptyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'myelin-cli-'));
  made.push(folder);
  return folder;
}

/** For `afterAll`: ends what still runs, and removes the folders. */
export function cleanUp(): void {
  for (const child of running) child.kill('SIGKILL');
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/** The variables of this process but those that would configure the program. */
function plainEnvironment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !name.startsWith('MYELIN_'));
  return { ...(Object.fromEntries(kept) as Record<string, string>), ...more };
}

export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs one command to its end. */
export async function myelin(args: readonly string[], { cwd, env, stdin }: RunOptions = {}): Promise<Ended> {
  const child = Bun.spawn([process.execPath, PROGRAM, ...args], {
    cwd: cwd ?? tmpdir(),
    env: plainEnvironment(env),
    stdin: new Blob([stdin ?? '']),
    stdout: 'pipe',
    stderr: 'pipe',
  });
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { code, out, err };
}

export interface Running {
  readonly pid: number;
  /** All that was printed so far. */
  output(): string;
  /** Resolves when the text was printed; throws when the program ends without. */
  says(text: string): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** The exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | string>;
}

/** Starts a program and leaves it running. The first word is the executable. */
export function start(command: readonly string[], { cwd, env }: RunOptions = {}): Running {
  const child = Bun.spawn([...command], {
    cwd: cwd ?? tmpdir(),
    env: plainEnvironment(env),
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  });
  running.add(child);
  let output = '';
  const collect = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    const decoder = new TextDecoder();
    for await (const chunk of stream) output += decoder.decode(chunk, { stream: true });
  };
  const read = Promise.all([collect(child.stdout), collect(child.stderr)]);
  return {
    pid: child.pid,
    output: () => output,
    async says(text) {
      while (!output.includes(text)) {
        if (child.exitCode !== null || child.signalCode !== null) {
          await read;
          if (!output.includes(text)) throw new Error(`ended without saying "${text}":\n${output}`);
        }
        await Bun.sleep(20);
      }
    },
    signal: (name) => child.kill(name),
    ended: child.exited.then(async () => {
      running.delete(child);
      await read;
      return child.signalCode ?? child.exitCode ?? -1;
    }),
  };
}

/** Starts a server in a folder and waits until it answers. */
export async function serve(
  cwd: string,
  options: Omit<RunOptions, 'cwd'> & { readonly args?: string[] } = {},
): Promise<Running> {
  const running = start([process.execPath, PROGRAM, 'serve', ...(options.args ?? [])], { ...options, cwd });
  await running.says('http.listening');
  return running;
}

/** Ends a server in good order. */
export async function stop(running: Running): Promise<void> {
  running.signal('SIGTERM');
  await running.ended;
}

export interface Typist {
  /** Waits for a text on the screen, then types a line. */
  answer(prompt: string, line: string): Promise<void>;
  /** What Ctrl+C does while the program does not read keys. */
  interrupt(): void;
  screen(): string;
  readonly ended: Promise<number>;
}

/** Runs one command on a terminal. */
export function onTerminal(args: readonly string[], { cwd, env }: RunOptions = {}): Typist {
  let screen = '';
  const terminal = new Bun.Terminal({
    cols: 160,
    rows: 40,
    data: (_terminal, bytes) => {
      screen += new TextDecoder().decode(bytes);
    },
  });
  const child = Bun.spawn([process.execPath, PROGRAM, ...args], {
    cwd: cwd ?? tmpdir(),
    env: plainEnvironment(env),
    terminal,
  });
  running.add(child);
  let seen = 0;
  return {
    async answer(prompt, line) {
      while (!screen.slice(seen).includes(prompt)) {
        if (child.exitCode !== null) throw new Error(`ended without asking "${prompt}":\n${screen}`);
        await Bun.sleep(20);
      }
      seen = screen.indexOf(prompt, seen) + prompt.length;
      terminal.write(line);
    },
    interrupt: () => child.kill('SIGINT'),
    screen: () => screen,
    ended: child.exited.then((code) => {
      running.delete(child);
      terminal.close();
      return code;
    }),
  };
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => (typeof address === 'object' && address !== null ? resolve(address.port) : reject(address)));
    });
  });
}

/** A folder with the configuration of a server of its own, as `init` writes it; further lines are added. */
export async function configuredFolder(more = '', inFolder = emptyFolder()): Promise<{ folder: string; port: number }> {
  mkdirSync(inFolder, { recursive: true });
  const port = await freePort();
  const { code, err } = await myelin(['init', '--port', String(port)], { cwd: inFolder });
  if (code !== 0) throw new Error(err);
  const path = join(inFolder, 'data/homeserver.yaml');
  await Bun.write(path, `${await Bun.file(path).text()}\n${more}\n`);
  return { folder: inFolder, port };
}
