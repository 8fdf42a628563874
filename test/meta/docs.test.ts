/** Documents that do not lie: their links lead somewhere, and the commands they name are there. */
import { expect, test } from 'bun:test';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';

const ROOT = resolve(import.meta.dir, '../..');
const SKIPPED = new Set(['node_modules', '.git', '.cache', 'data']);

function documentsIn(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : documentsIn(path);
    return entry.name.endsWith('.md') ? [path] : [];
  });
}

const documents = documentsIn(ROOT).map((path) => ({
  name: relative(ROOT, path),
  path,
  text: readFileSync(path, 'utf8'),
}));
const scripts = Object.keys(
  (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object }).scripts,
);

/** Blocks and spans of code. */
const codeOf = (text: string): string => (text.match(/```[\s\S]*?```|`[^`\n]+`/g) ?? []).join('\n');
const proseOf = (text: string): string => text.replace(/```[\s\S]*?```|`[^`\n]+`/g, '');

/** The anchor that a heading gets. */
const anchorOf = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

const anchorsIn = (text: string): string[] =>
  [...text.matchAll(/^#{1,6} (.*)$/gm)].map(([, heading]) => anchorOf(heading ?? ''));

/** `path#anchor` that a document links to, without links to other places. */
function linksOf(text: string): string[] {
  const inline = [...proseOf(text).matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g)];
  const references = [...proseOf(text).matchAll(/^\[[^\]]+\]:\s+(\S+)/gm)];
  const images = [...text.matchAll(/<(?:img|a)[^>]+(?:src|href)="([^"]+)"/g)];
  return [...inline, ...references, ...images]
    .map(([, target]) => target ?? '')
    .filter((target) => !/^(?:[a-z]+:|\/\/)/i.test(target));
}

test('there are documents', () => {
  expect(documents.map(({ name }) => name)).toContain('ARCHITECTURE.md');
});

test.each(documents.map(({ name, path, text }) => [name, path, text] as const))(
  'the links of %s lead somewhere',
  (_name, path, text) => {
    const broken = linksOf(text).filter((link) => {
      const [file = '', anchor] = link.split('#');
      const target = file === '' ? path : resolve(dirname(path), decodeURI(file));
      if (!existsSync(target)) return true;
      return (
        anchor !== undefined && target.endsWith('.md') && !anchorsIn(readFileSync(target, 'utf8')).includes(anchor)
      );
    });
    expect(broken).toEqual([]);
  },
);

test.each(documents.map(({ name, text }) => [name, text] as const))(
  'the npm scripts that %s names are there',
  (_name, text) => {
    const named = [...codeOf(text).matchAll(/\bnpm (?:run )?(?:--silent )?([\w:-]+)/g)].map(
      ([, script]) => script ?? '',
    );
    const npmsOwn = ['install', 'ci', 'i', 'init', 'pack', 'version', 'audit', 'exec', 'view'];
    expect(named.filter((script) => !scripts.includes(script) && !npmsOwn.includes(script))).toEqual([]);
  },
);

test.each(documents.map(({ name, text }) => [name, text] as const))(
  'the commands of myelin that %s names are there',
  (_name, text) => {
    const program = readFileSync(join(ROOT, 'src/app/main.ts'), 'utf8');
    const sources = readdirSync(join(ROOT, 'src/app/cli'), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts'))
      .map((file) => readFileSync(join(ROOT, 'src/app/cli', file), 'utf8'));
    const known = [...[program, ...sources].join('\n').matchAll(/^ {2}name: '([a-z -]+)',$/gm)].map(
      ([, command]) => command ?? '',
    );
    expect(known).toContain('serve');
    const named = [...codeOf(text).matchAll(/(?:^|[`$/ ])(?:bin\/)?myelin ([a-z][a-z-]*(?: [a-z][a-z-]*)?)/gm)].map(
      ([, words]) => words ?? '',
    );
    const isKnown = (words: string): boolean =>
      words === 'help' || known.some((command) => words === command || words.startsWith(`${command} `));
    expect(named.filter((words) => !isKnown(words))).toEqual([]);
  },
);

test.each(documents.map(({ name, text }) => [name, text] as const))(
  'the files of this project that %s names are there',
  (_name, text) => {
    const spans = [
      ...text.replace(/```[\s\S]*?```/g, '').matchAll(/`((?:src|test|tools|bench|docs|bin|migrations)\/[\w./-]+)`/g),
    ];
    const named = spans.map(([, file]) => file ?? '').filter((file) => !/[<>*{}…]|NNNN/.test(file));
    expect(named.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  },
);
