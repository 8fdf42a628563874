/** Tasks for the tests of the pool. */
export const double = (value: number): number => value * 2;

export async function slowly(ms: number): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return ms;
}

/** Keeps its thread busy without a pause. */
export function busy(ms: number): string {
  const end = performance.now() + ms;
  while (performance.now() < end);
  return 'done';
}

export function fail(message: string): never {
  throw new TypeError(message);
}

export function die(code: number): void {
  process.exit(code);
}
