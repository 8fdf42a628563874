/** What code may do where: Bun, time, chance, SQL, and how long a file may be. */
import { type Finding, isTest } from './finding.ts';
import type { Mention, SourceFile } from './source-file.ts';

/** Time and chance are parameters everywhere else. */
const AMBIENT = new Set([
  'Date.now',
  'performance.now',
  'Math.random',
  'setTimeout',
  'setInterval',
  'randomBytes',
  'randomUUID',
  'randomInt',
  'crypto.randomUUID',
  'crypto.randomBytes',
  'crypto.getRandomValues',
]);

/** The beginnings of statements: the word alone begins many an English sentence. */
const SQL =
  /^\s*(select\b[\s\S]*\bfrom\b|select\s+[\d(]|insert\s+(or\s+\w+\s+)?into\b|update\s+\S+\s+set\b|delete\s+from\b|with\s+\w+(\s*\([^)]*\))?\s+as\s*\()/i;

const WARN_LINES = 260;
const MAX_LINES = 400;

export function checkCode(file: SourceFile): Finding[] {
  const { path } = file;
  return [
    ...file.syntaxErrors.map((message) => finding(file, 1, 'syntax', message)),
    ...(mayUseBun(path)
      ? []
      : file.names.filter(isBun).map(complain(file, 'runtime', 'Bun may be used in platform/runtime only'))),
    ...(mayBeAmbient(path) ? [] : ambient(file)),
    ...(mayHoldSql(path)
      ? []
      : file.texts
          .filter(({ text }) => SQL.test(text))
          .map(({ line }) => finding(file, line, 'sql', 'SQL belongs in *-store.ts, tables.ts or platform/storage'))),
    ...checkSize(file),
  ];
}

const isBun = ({ text }: Mention): boolean => text === 'Bun';

/** Tests run on Bun's test runner as it is. */
const mayUseBun = (path: string): boolean =>
  !path.startsWith('src/') || path.startsWith('src/platform/runtime/') || isTest(path);

const mayBeAmbient = (path: string): boolean =>
  !path.startsWith('src/') || path.startsWith('src/platform/') || isTest(path);

const mayHoldSql = (path: string): boolean =>
  !path.startsWith('src/') ||
  path.startsWith('src/platform/storage/') ||
  isTest(path) ||
  /(-store|\/tables)\.ts$/.test(path);

/** Long because they are tables. */
const mayBeLong = (path: string): boolean =>
  path.startsWith('src/api/') ||
  path.startsWith('migrations/') ||
  path.startsWith('src/protocol/room-versions/') ||
  path === 'src/protocol/errors.ts' ||
  isTest(path);

function ambient(file: SourceFile): Finding[] {
  const used = file.names.filter(({ text }) => AMBIENT.has(text));
  const dates = file.bareNews.filter(({ text }) => text === 'Date').map(({ line }) => ({ text: 'new Date()', line }));
  return [...used, ...dates].map(({ text, line }) =>
    finding(file, line, 'ambient', `${text} may be used under platform only: take a Clock or Random`),
  );
}

function checkSize(file: SourceFile): Finding[] {
  const { path, lines } = file;
  if (lines <= WARN_LINES || mayBeLong(path)) return [];
  const message = `${lines} lines; split it by noun (near 200, at most ${MAX_LINES})`;
  return [{ path, line: lines, severity: lines > MAX_LINES ? 'error' : 'warning', rule: 'size', message }];
}

const complain =
  (file: SourceFile, rule: Finding['rule'], message: string) =>
  ({ line }: Mention): Finding =>
    finding(file, line, rule, message);

const finding = ({ path }: SourceFile, line: number, rule: Finding['rule'], message: string): Finding => ({
  path,
  line,
  severity: 'error',
  rule,
  message,
});
