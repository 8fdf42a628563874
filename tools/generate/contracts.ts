/** Every contract of `src/api`, read from its files: what documents and tests are made from. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Endpoint } from '#api/endpoint.ts';

const API = fileURLToPath(new URL('../../src/api', import.meta.url));

/** A contract and the family (`client`, `federation`, `admin`, ...) and file that it stands in. */
export interface Contract {
  readonly family: string;
  /** `client/room-send.ts`. */
  readonly file: string;
  readonly endpoint: Endpoint;
}

/** All contracts, each once, by family, path and method. */
export async function allContracts(): Promise<Contract[]> {
  const files = readdirSync(API, { recursive: true, encoding: 'utf8' })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.includes('/') && name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .sort();
  const found = new Map<Endpoint, Contract>();
  for (const file of files) {
    const exports = (await import(join(API, file))) as Record<string, unknown>;
    for (const [name, value] of Object.entries(exports)) {
      if (!isEndpoint(value)) continue;
      // Where one file passes on another's contract, the file that names it by its operation is its home.
      if (!found.has(value) || name === value.operationId) {
        found.set(value, { family: file.slice(0, file.indexOf('/')), file, endpoint: value });
      }
    }
  }
  return [...found.values()].sort(byPath);
}

function isEndpoint(value: unknown): value is Endpoint {
  return typeof value === 'object' && value !== null && 'operationId' in value && 'path' in value;
}

function byPath(a: Contract, b: Contract): number {
  const [left, right] = [keyOf(a), keyOf(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

const keyOf = ({ family, endpoint }: Contract): string => `${family} ${endpoint.path} ${endpoint.method}`;
