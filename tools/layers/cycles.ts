import type { Finding } from './finding.ts';
import { resolveImport } from './import-rules.ts';
import type { SourceFile } from './source-file.ts';

/**
 * Files that import each other in a circle. Type-only imports are left out: they are erased, so nothing runs in the wrong
 * order, and between layers the direction is enforced for them too.
 */
export function findCycles(files: readonly SourceFile[]): Finding[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const done = new Set<string>();
  const trail: string[] = [];
  const findings: Finding[] = [];

  const visit = (file: SourceFile): void => {
    if (done.has(file.path)) return;
    trail.push(file.path);
    for (const { specifier, line, isTypeOnly } of file.imports) {
      const target = isTypeOnly ? undefined : resolveImport(file.path, specifier);
      if (target === undefined) continue;
      const start = trail.indexOf(target);
      const next = byPath.get(target);
      if (start !== -1) {
        const message = [...trail.slice(start), target].join(' -> ');
        findings.push({ path: file.path, line, severity: 'error', rule: 'cycle', message });
      } else if (next !== undefined) visit(next);
    }
    trail.pop();
    done.add(file.path);
  };
  for (const file of files) visit(file);
  return findings;
}
