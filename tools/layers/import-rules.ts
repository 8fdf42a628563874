/** Which imports are allowed: layers point down only, slices never at each other. */
import { posix } from 'node:path';
import { type Finding, isTest } from './finding.ts';
import type { Import, SourceFile } from './source-file.ts';

/** What each layer may import from besides itself. */
const BELOW: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  api: ['protocol'],
  platform: ['protocol', 'api'],
  accounts: ['protocol', 'api', 'platform'],
  federation: ['protocol', 'api', 'platform'],
  rooms: ['protocol', 'api', 'platform', 'accounts', 'federation'],
  features: ['protocol', 'api', 'platform', 'accounts', 'federation', 'rooms'],
  app: ['protocol', 'api', 'platform', 'accounts', 'federation', 'rooms', 'features'],
};

/** Slices that read other slices. */
const AGGREGATORS = ['sync', 'sliding-sync', 'admin'];

const layerOf = (path: string): string | undefined => /^src\/([^/]+)\//.exec(path)?.[1];

const sliceOf = (path: string): string | undefined => /^src\/features\/([^/]+)\//.exec(path)?.[1];

/** The path that an import leads to, relative to the root; undefined for packages. */
export function resolveImport(from: string, specifier: string): string | undefined {
  const alias = /^#([a-z]+)\/(.*)$/.exec(specifier);
  if (alias !== null) return alias[1] === 'test' ? `test/${alias[2]}` : `src/${alias[1]}/${alias[2]}`;
  return specifier.startsWith('.') ? posix.join(posix.dirname(from), specifier) : undefined;
}

export function checkImports(file: SourceFile): Finding[] {
  const layer = layerOf(file.path);
  return file.imports.flatMap((entry) => {
    const found = checkImport(file.path, layer, entry);
    return found === undefined
      ? []
      : [{ path: file.path, line: entry.line, severity: 'error' as const, rule: found[0], message: found[1] }];
  });
}

function checkImport(
  from: string,
  layer: string | undefined,
  { specifier }: Import,
): [Finding['rule'], string] | undefined {
  const target = resolveImport(from, specifier);
  if (target === undefined) return checkPackage(from, layer, specifier);
  if (!/\.(ts|json)$/.test(specifier)) return ['specifier', `${specifier} has no explicit extension`];
  if (target.startsWith('test/') && from.startsWith('src/') && !isTest(from)) {
    return ['layer', `${specifier} is for tests only`];
  }
  const targetLayer = layerOf(target);
  if (layer === undefined || targetLayer === undefined) return undefined;
  if (targetLayer !== layer) {
    if (!(targetLayer in BELOW)) return ['layer', `there is no layer ${targetLayer}`];
    if (!BELOW[layer]?.includes(targetLayer)) return ['layer', `${layer} may not import ${targetLayer} (${specifier})`];
    if (specifier.startsWith('.')) return ['specifier', `${specifier} leaves its layer: write #${target.slice(4)}`];
  }
  return checkSlices(from, target, specifier);
}

function checkSlices(from: string, target: string, specifier: string): [Finding['rule'], string] | undefined {
  const [own, other] = [sliceOf(from), sliceOf(target)];
  if (own === undefined || other === undefined || own === other) return undefined;
  if (!AGGREGATORS.includes(own)) return ['slice', `the slice ${own} may not import the slice ${other} (${specifier})`];
  if (target === `src/features/${other}/index.ts`) return undefined;
  return ['slice', `${own} may import ${other} through its index.ts only (${specifier})`];
}

function checkPackage(
  from: string,
  layer: string | undefined,
  specifier: string,
): [Finding['rule'], string] | undefined {
  if (specifier === 'bun:test' && (isTest(from) || !from.startsWith('src/'))) return undefined;
  if (/^bun(:|$)/.test(specifier) && from.startsWith('src/') && !from.startsWith('src/platform/runtime/')) {
    return ['runtime', `${specifier} may be imported in platform/runtime only`];
  }
  if (layer === 'protocol' && !isTest(from) && specifier !== 'node:crypto') {
    return ['layer', `protocol may import node:crypto and nothing else from outside (${specifier})`];
  }
  return undefined;
}
