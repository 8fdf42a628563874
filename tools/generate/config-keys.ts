/**
 * The keys that the configuration reads, found in the source of its sections: every typed getter called on a `Reader`, with
 * the path that its reader stands for. Only `src/platform/config/sections` is understood, and only as it is written there.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Expression, type Function as FunctionNode, type Node, parseSync } from 'oxc-parser';

const SECTIONS = fileURLToPath(new URL('../../src/platform/config/sections', import.meta.url));

export interface ConfigKey {
  /** `log.level`; `listeners[].port` for what stands in each item of a list. */
  readonly path: string;
  readonly type: string;
  /** As the source has it; absent where there is none. */
  readonly fallback: string | undefined;
  /** `rooms` for `sections/rooms.ts`. */
  readonly section: string;
}

/** What each getter reads; getters with a fallback have it as second argument, `choice` as third. */
const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  optionalString: 'text',
  boolean: 'true or false',
  number: 'number',
  optionalNumber: 'number',
  integer: 'whole number',
  optionalInteger: 'whole number',
  duration: 'duration',
  optionalDuration: 'duration',
  size: 'size',
  optionalSize: 'size',
  choice: 'choice',
  strings: 'list of texts',
  optionalStrings: 'list of texts',
  stringOrStrings: 'text or list of texts',
  object: 'map',
  path: 'path',
  optionalPath: 'path',
  secret: 'text, or `<key>_path` a file that holds it',
};

export function configKeys(): ConfigKey[] {
  const keys = readdirSync(SECTIONS)
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .flatMap((name) => new SectionFile(name.replace(/\.ts$/, ''), readFileSync(join(SECTIONS, name), 'utf8')).keys());
  const byPath = new Map<string, ConfigKey>();
  for (const key of keys) if (byPath.get(key.path)?.fallback === undefined) byPath.set(key.path, key);
  return [...byPath.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The paths that variables of type `Reader` stand for, with a trailing dot. */
type Scope = ReadonlyMap<string, string>;

class SectionFile {
  readonly #functions = new Map<string, { readonly node: FunctionNode; readonly isExported: boolean }>();
  readonly #found: ConfigKey[] = [];
  /** The source of short constants at the top of the file, by name. */
  readonly #constants = new Map<string, string>();
  /** Functions under way: they may call each other. */
  readonly #calls = new Set<string>();

  constructor(
    readonly section: string,
    readonly text: string,
  ) {
    for (const statement of parseSync(`${section}.ts`, text).program.body) {
      const isExported = statement.type === 'ExportNamedDeclaration';
      const node = isExported ? statement.declaration : statement;
      if (node?.type === 'FunctionDeclaration' && node.id) this.#functions.set(node.id.name, { node, isExported });
      if (node?.type === 'VariableDeclaration') this.#noteConstants(node);
    }
  }

  keys(): ConfigKey[] {
    for (const [name, { node, isExported }] of this.#functions) {
      if (isExported && isReader(node)) this.#enter(name, '');
    }
    return this.#found;
  }

  #noteConstants({ declarations }: Extract<Node, { type: 'VariableDeclaration' }>): void {
    for (const { id, init } of declarations) {
      const value = init?.type === 'TSAsExpression' ? init.expression : init;
      if (id.type !== 'Identifier' || !value || (value.type !== 'ArrayExpression' && value.type !== 'Literal'))
        continue;
      this.#constants.set(id.name, this.text.slice(value.start, value.end));
    }
  }

  /** Follows a function whose first parameter is a reader of `path`. */
  #enter(name: string, path: string): void {
    const called = this.#functions.get(name);
    const parameter = called?.node.params[0];
    const key = `${name} ${path}`;
    if (called?.node.body == null || parameter?.type !== 'Identifier' || this.#calls.has(key)) return;
    this.#calls.add(key);
    this.#walk(called.node.body, new Map([[parameter.name, path]]));
  }

  #walk(node: Node, scope: Scope): void {
    let inner = scope;
    if (node.type === 'BlockStatement') {
      for (const statement of node.body) {
        this.#walk(statement, inner);
        inner = this.#declared(statement, inner);
      }
      return;
    }
    if (node.type === 'CallExpression') {
      this.#call(node, scope);
      inner = this.#itemScope(node, scope);
    }
    for (const child of childrenOf(node)) this.#walk(child, inner);
  }

  /** The scope after `const log = reader.section('log')`. */
  #declared(statement: Node, scope: Scope): Scope {
    if (statement.type !== 'VariableDeclaration') return scope;
    const known = new Map(scope);
    for (const { id, init } of statement.declarations) {
      const path = id.type === 'Identifier' && init ? this.#pathOf(init, scope) : undefined;
      if (id.type === 'Identifier' && path !== undefined) known.set(id.name, path);
    }
    return known;
  }

  /** The scope inside of `reader.sections('listeners').map((entry) => …)`. */
  #itemScope(node: Node, scope: Scope): Scope {
    if (node.type !== 'CallExpression' || node.callee.type !== 'MemberExpression') return scope;
    const path = this.#itemPath(node.callee.object as Expression, scope);
    const [callback] = node.arguments;
    if (path === undefined || callback === undefined) return scope;
    if (callback.type === 'Identifier') this.#enter(callback.name, path);
    if (callback.type !== 'ArrowFunctionExpression' || callback.params[0]?.type !== 'Identifier') return scope;
    return new Map([...scope, [callback.params[0].name, path]]);
  }

  #itemPath(node: Expression, scope: Scope): string | undefined {
    const call = readerCall(node);
    const path = call?.method === 'sections' ? this.#pathOf(call.object, scope) : undefined;
    return path === undefined || call?.key === undefined ? undefined : `${path}${call.key}[].`;
  }

  /** The path of the reader that an expression gives. */
  #pathOf(node: Expression, scope: Scope): string | undefined {
    if (node.type === 'Identifier') return scope.get(node.name);
    const call = readerCall(node);
    if (call?.method === 'section') {
      const path = this.#pathOf(call.object, scope);
      return path === undefined || call.key === undefined ? undefined : `${path}${call.key}.`;
    }
    if (node.type !== 'CallExpression' || node.callee.type !== 'Identifier') return undefined;
    return this.#returned(node.callee.name, node.arguments[0] as Expression | undefined, scope);
  }

  /** The path of the reader that a function of this file returns first. */
  #returned(name: string, argument: Expression | undefined, scope: Scope): string | undefined {
    const { node } = this.#functions.get(name) ?? {};
    const path = argument === undefined ? undefined : this.#pathOf(argument, scope);
    const parameter = node?.params[0];
    if (node?.body == null || path === undefined || parameter?.type !== 'Identifier') return undefined;
    const returned = returnsIn(node.body).map((value) => this.#pathOf(value, new Map([[parameter.name, path]])));
    return returned.find((value) => value !== undefined);
  }

  #call(node: Extract<Node, { type: 'CallExpression' }>, scope: Scope): void {
    if (node.callee.type === 'Identifier') {
      const path = node.arguments[0] === undefined ? undefined : this.#pathOf(node.arguments[0] as Expression, scope);
      if (path !== undefined) this.#enter(node.callee.name, path);
      return;
    }
    const call = readerCall(node);
    const path = call === undefined ? undefined : this.#pathOf(call.object, scope);
    const type = call === undefined ? undefined : TYPES[call.method];
    if (call?.key === undefined || path === undefined || type === undefined) return;
    const text = (at: number): string | undefined => {
      const argument = node.arguments[at];
      if (argument === undefined) return undefined;
      const source = this.text.slice(argument.start, argument.end);
      return this.#constants.get(source) ?? source;
    };
    const isOptional = call.method.startsWith('optional') || call.method === 'secret' || call.method === 'object';
    this.#found.push({
      path: path + call.key,
      type: call.method === 'choice' ? `one of ${text(1)}` : type,
      fallback: isOptional ? undefined : text(call.method === 'choice' ? 2 : 1),
      section: this.section,
    });
  }
}

/** `x.method('key', …)`. */
function readerCall(node: Node) {
  if (node.type !== 'CallExpression' || node.callee.type !== 'MemberExpression') return undefined;
  const { object, property } = node.callee;
  if (property.type !== 'Identifier') return undefined;
  const [first] = node.arguments;
  const key = first?.type === 'Literal' && typeof first.value === 'string' ? first.value : undefined;
  return { object: object as Expression, method: property.name, key };
}

function isReader({ params: [first] }: FunctionNode): boolean {
  const annotation = first?.type === 'Identifier' ? first.typeAnnotation?.typeAnnotation : undefined;
  return (
    annotation?.type === 'TSTypeReference' &&
    annotation.typeName.type === 'Identifier' &&
    annotation.typeName.name === 'Reader'
  );
}

function returnsIn(node: Node): Expression[] {
  if (node.type === 'ReturnStatement') return node.argument ? [node.argument] : [];
  return childrenOf(node).flatMap(returnsIn);
}

function childrenOf(node: Node): Node[] {
  return Object.values(node)
    .flat()
    .filter((value): value is Node => typeof value === 'object' && value !== null && typeof value.type === 'string');
}
