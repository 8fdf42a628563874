/** What a rule has against a line. */
export interface Finding {
  readonly path: string;
  readonly line: number;
  readonly severity: 'error' | 'warning';
  readonly rule: 'layer' | 'slice' | 'specifier' | 'runtime' | 'ambient' | 'sql' | 'size' | 'cycle' | 'syntax';
  readonly message: string;
}

export const isTest = (path: string): boolean => /(\.test\.ts$|\/testing\/)/.test(path);
