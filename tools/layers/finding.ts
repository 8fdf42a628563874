/** What a rule has against a line. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly severity: 'error' | 'warning';
  readonly rule: 'layer' | 'slice' | 'specifier' | 'runtime' | 'ambient' | 'sql' | 'size' | 'cycle' | 'syntax';
  readonly message: string;
}

/** Tests, and what only tests use: `x.test.ts`, `test-x.ts`, `testing.ts`, `testing-x.ts`. */
export const isTest = (path: string): boolean => /(\.test\.ts|\/test-[^/]+\.ts|\/testing(-[^/]+)?\.ts)$/.test(path);
