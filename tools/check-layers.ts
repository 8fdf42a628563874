/**
 * Checks what no compiler does: that imports point down the layers only, that slices leave each other alone, that Bun, time,
 * chance and SQL stay where they belong, and that files stay small. `bun tools/check-layers.ts [root]` prints
 * `file:line: rule: what is wrong` and ends with code 1 when there is an error.
 */
import { readdirSync, statSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkCode } from './layers/code-rules.ts';
import { findCycles } from './layers/cycles.ts';
import type { Finding } from './layers/finding.ts';
import { checkImports } from './layers/import-rules.ts';
import { readSourceFile } from './layers/source-file.ts';

const FOLDERS = ['src', 'migrations'];

/** Everything that is wrong below `root`, by file and line. */
export function checkTree(root: string): Finding[] {
  const files = FOLDERS.flatMap((folder) => typescriptFiles(join(root, folder)))
    .map((path) => relative(root, path).split(sep).join('/'))
    .sort()
    .map((path) => readSourceFile(root, path));
  const findings = [...files.flatMap((file) => [...checkImports(file), ...checkCode(file)]), ...findCycles(files)];
  return findings.sort((a, b) => (a.path === b.path ? a.line - b.line : a.path < b.path ? -1 : 1));
}

function typescriptFiles(folder: string): string[] {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.name.endsWith('.d.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

export function formatFinding({ path, line, severity, rule, message }: Finding): string {
  return `${path}:${line}: ${severity === 'warning' ? 'warning: ' : ''}${rule}: ${message}`;
}

function main(): void {
  const root = process.argv[2] ?? dirname(dirname(fileURLToPath(import.meta.url)));
  const findings = checkTree(root);
  for (const finding of findings) console.log(formatFinding(finding));
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  console.log(`${errors} errors, ${findings.length - errors} warnings`);
  process.exitCode = errors > 0 ? 1 : 0;
}

if (import.meta.main) main();
