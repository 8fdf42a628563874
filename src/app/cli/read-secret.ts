import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { CommandFailed } from './command.ts';

/** Asks on the terminal for a line and hides what is typed. */
export async function readSecret(prompt: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  // Only now, when the terminal itself no longer shows what is typed.
  process.stdout.write(prompt);
  // A terminal in raw mode hands Ctrl+C over as a key.
  const stop = new AbortController();
  terminal.on('SIGINT', () => stop.abort());
  terminal.on('close', () => stop.abort());
  try {
    return await terminal.question('', { signal: stop.signal });
  } catch {
    throw new CommandFailed('given up; nothing was changed');
  } finally {
    process.stdout.write('\n');
    terminal.close();
  }
}
