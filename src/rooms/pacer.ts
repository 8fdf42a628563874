import type { Clock } from '#platform/clock/index.ts';

/** How long work may hold the event loop in one go. */
const SLICE_MS = 8;

/** Lets the event loop turn between pieces of long work. */
export class Pacer {
  #sliceStart: number;

  constructor(private readonly clock: Clock) {
    this.#sliceStart = clock.monotonic();
  }

  /** Call it every millisecond or so of work: it waits a turn when the slice is used up. */
  async turn(): Promise<void> {
    if (this.clock.monotonic() - this.#sliceStart < SLICE_MS) return;
    await this.clock.sleep(0);
    this.#sliceStart = this.clock.monotonic();
  }
}
