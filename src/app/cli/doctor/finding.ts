/** What one check of the doctor's found. */
export interface Finding {
  readonly what: string;
  /** `note`: worth knowing, but the server runs. */
  readonly level: 'ok' | 'note' | 'fault';
  /** What is, and, if it is wrong, what to do. */
  readonly detail: string;
}

/** Thrown by a check for what should be better but does not keep the server from running. */
export class Advice extends Error {
  override readonly name = 'Advice';
}

/** The finding of a check that answers what is well, or throws what is not. */
export async function attempt(
  what: string,
  check: () => Promise<string> | string,
  level: 'fault' | 'note' = 'fault',
): Promise<Finding> {
  try {
    return { what, level: 'ok', detail: await check() };
  } catch (error) {
    return { what, level: error instanceof Advice ? 'note' : level, detail: (error as Error).message };
  }
}
