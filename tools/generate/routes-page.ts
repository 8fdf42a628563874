import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Contract } from './contracts.ts';
import { code, GENERATED, table } from './markdown.ts';

const FEATURES = fileURLToPath(new URL('../../src/features', import.meta.url));

/** `docs/generated/routes.md`: every endpoint, who may call it, and the slice that answers. */
export function routesPage(contracts: readonly Contract[]): string {
  const slices = sliceOfOperation(contracts);
  const families = [...new Set(contracts.map(({ family }) => family))];
  return `# Routes

${GENERATED}

Every endpoint with its main path; how many more paths (older prefixes) lead to it stands in the last column. A slice is a
folder of \`src/features\`; where there is none, the endpoint answers 404 \`M_UNRECOGNIZED\` for now.

${families.map((family) => `## ${family}\n\n${familyTable(contracts, family, slices)}`).join('\n\n')}
`;
}

function familyTable(contracts: readonly Contract[], family: string, slices: ReadonlyMap<string, string>): string {
  const rows = contracts
    .filter((contract) => contract.family === family)
    .map(({ endpoint }) => [
      code(`${endpoint.method} ${endpoint.path}`),
      code(endpoint.operationId) + (endpoint.deprecated ? ' (deprecated)' : ''),
      endpoint.auth + (endpoint.guests ? ', guests' : ''),
      endpoint.rateLimit === undefined ? '' : code(endpoint.rateLimit),
      slices.get(endpoint.operationId) ?? '',
      String(endpoint.aliases.length),
    ]);
  return table(['endpoint', 'operation', 'who', 'rate limit', 'slice', 'aliases'], rows);
}

/** The slice whose code names an operation's contract. */
function sliceOfOperation(contracts: readonly Contract[]): ReadonlyMap<string, string> {
  const sources = readdirSync(FEATURES).map((slice) => [slice, sourceOf(join(FEATURES, slice))] as const);
  const found = new Map<string, string>();
  for (const { file, endpoint } of contracts) {
    const module = `#api/${file}`;
    // By name from the contract's own file, or through a namespace of it.
    const slice = sources.find(
      ([, text]) => text.includes(module) && new RegExp(`\\b${endpoint.operationId}\\b`).test(text),
    );
    if (slice !== undefined) found.set(endpoint.operationId, slice[0]);
  }
  return found;
}

function sourceOf(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
}
