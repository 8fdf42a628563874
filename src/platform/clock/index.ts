/** Time as a parameter. The only place, with `jobs`, that reads the machine's clock or sets timers. */

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds that never go backwards, from an arbitrary start; fractions included. */
  monotonic(): number;
  /** Calls `run` once after `delayMs`; does not keep the process alive. */
  after(delayMs: number, run: () => void): Timer;
  /** Calls `run` in a later turn of the event loop, when others have had theirs; no time need pass. */
  nextTurn(run: () => void): void;
  /** Resolves after `delayMs`, or at once when `signal` is aborted: it never rejects. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

export interface Timer {
  cancel(): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(delayMs, run) {
    const handle = setTimeout(run, delayMs);
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
  nextTurn(run) {
    setImmediate(run);
  },
  sleep(delayMs, signal) {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(handle);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const handle = setTimeout(done, delayMs);
      signal?.addEventListener('abort', done);
    });
  },
};

export { VirtualClock } from './virtual-clock.ts';
