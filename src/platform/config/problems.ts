/** Configuration that cannot be used. `problems` has one line a fault, each starting with the key's path. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly problems: readonly string[]) {
    super(
      problems.length === 1
        ? `Configuration: ${problems[0]}`
        : `Configuration:\n${problems.map((p) => `  ${p}`).join('\n')}`,
    );
  }
}

/** Collects faults and warnings while the sections are read, so that an operator sees all of them at once. */
export class Problems {
  readonly errors: string[] = [];
  readonly warnings: string[] = [];

  error(path: string, message: string): void {
    this.errors.push(`${path}: ${message}`);
  }

  warn(path: string, message: string): void {
    this.warnings.push(`${path}: ${message}`);
  }
}
