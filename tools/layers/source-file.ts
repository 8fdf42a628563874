import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Node, parseSync, Visitor } from 'oxc-parser';

/** An import, a re-export, a dynamic `import()` or an `import('x')` type. */
export interface Import {
  readonly specifier: string;
  readonly line: number;
  /** Erased before anything runs. */
  readonly isTypeOnly: boolean;
}

/** Something in the code that a rule looks at: a name used, `Date.now`, or a text. */
export interface Mention {
  readonly text: string;
  readonly line: number;
}

export interface SourceFile {
  /** Relative to the root, with forward slashes. */
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly Import[];
  /** Names and `object.member` pairs of globals that are used, called or not. */
  readonly names: readonly Mention[];
  /** Calls without arguments of `new X()`. */
  readonly bareNews: readonly Mention[];
  /** String literals and the first part of templates. */
  readonly texts: readonly Mention[];
  readonly syntaxErrors: readonly string[];
}

/** Parses a TypeScript file. */
export function readSourceFile(root: string, path: string): SourceFile {
  const text = readFileSync(join(root, path), 'utf8');
  const { program, module, errors } = parseSync(path, text);
  const lineOf = lineIndex(text);
  const imports: Import[] = [];
  for (const { moduleRequest, entries } of module.staticImports) {
    const isTypeOnly = entries.length > 0 && entries.every((entry) => entry.isType);
    imports.push({ specifier: moduleRequest.value, line: lineOf(moduleRequest.start), isTypeOnly });
  }
  for (const { entries } of module.staticExports) {
    for (const { moduleRequest, isType } of entries) {
      if (moduleRequest === null) continue;
      imports.push({ specifier: moduleRequest.value, line: lineOf(moduleRequest.start), isTypeOnly: isType });
    }
  }
  const names: Mention[] = [];
  const texts: Mention[] = [];
  const bareNews: Mention[] = [];
  const note = (list: Mention[], text: string, { start }: Node): void => void list.push({ text, line: lineOf(start) });
  new Visitor({
    ImportExpression({ source, start }) {
      if (source.type === 'Literal' && typeof source.value === 'string') {
        imports.push({ specifier: source.value, line: lineOf(start), isTypeOnly: false });
      }
    },
    TSImportType({ source, start }) {
      imports.push({ specifier: source.value, line: lineOf(start), isTypeOnly: true });
    },
    TSExternalModuleReference({ expression, start }) {
      imports.push({ specifier: expression.value, line: lineOf(start), isTypeOnly: false });
    },
    MemberExpression(node) {
      const { object, property } = node;
      if (object.type === 'Identifier' && property.type === 'Identifier' && !node.computed) {
        note(names, `${object.name}.${property.name}`, node);
      }
    },
    CallExpression(node) {
      if (node.callee.type === 'Identifier') note(names, node.callee.name, node);
    },
    Identifier(node) {
      if (node.name === 'Bun') note(names, node.name, node);
    },
    NewExpression(node) {
      if (node.callee.type === 'Identifier' && node.arguments.length === 0) note(bareNews, node.callee.name, node);
    },
    Literal(node) {
      if (typeof node.value === 'string') note(texts, node.value, node);
    },
    TemplateLiteral(node) {
      note(texts, node.quasis.map((quasi) => quasi.value.cooked ?? '').join('?'), node);
    },
  }).visit(program);
  return {
    path,
    lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0),
    imports,
    names,
    bareNews,
    texts,
    syntaxErrors: errors.map((error) => error.message),
  };
}

function lineIndex(text: string): (offset: number) => number {
  const starts = [0];
  for (let i = text.indexOf('\n'); i !== -1; i = text.indexOf('\n', i + 1)) starts.push(i + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  };
}
