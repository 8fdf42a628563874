/** Lets at most `width` tasks run at a time; the others wait in order. */
export class Gate {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(private readonly width: number) {}

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#running < this.width) this.#running += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      // The place passes on without being given up, so that nobody slips in between.
      if (next === undefined) this.#running -= 1;
      else next();
    }
  }
}
