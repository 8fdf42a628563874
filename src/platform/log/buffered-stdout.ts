import { writeSync } from 'node:fs';

const FLUSH_INTERVAL_MS = 100;
const MAX_BUFFERED_CHARS = 16_384;
const RETRY_MS = 5;
const STANDARD_OUTPUT = 1;

/**
 * Standard output, written a few times a second: a system call a line would cost more than all else about it. What is
 * buffered is written at once when a line tells of an error, and when the process exits.
 */
export function bufferedStdout(): { write(line: string): void } {
  let buffered = '';
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const text = buffered;
    buffered = '';
    writeAll(text);
  };
  process.on('exit', flush);
  return {
    write(line) {
      buffered += line;
      if (buffered.length > MAX_BUFFERED_CHARS || isUrgent(line)) return flush();
      timer ??= setTimeout(flush, FLUSH_INTERVAL_MS).unref();
    },
  };
}

/** Lines start with their level. */
const isUrgent = (line: string): boolean => line.startsWith('{"level":"error"') || line.startsWith('{"level":"fatal"');

function writeAll(text: string): void {
  let bytes = Buffer.from(text);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(writeSync(STANDARD_OUTPUT, bytes));
    } catch (error) {
      const { code } = error as { code?: string };
      // Nobody reads any more: there is nobody to tell either.
      if (code === 'EPIPE') return;
      if (code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}
