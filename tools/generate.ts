/**
 * Writes what is made from the source: the OpenAPI document, and pages of routes, configuration keys and error codes, to
 * `docs/generated`. With `--check` it writes nothing and ends with code 1 when a file is not what it should be.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { configPage } from './generate/config-page.ts';
import { allContracts } from './generate/contracts.ts';
import { errorsPage } from './generate/errors-page.ts';
import { openapi } from './generate/openapi.ts';
import { routesPage } from './generate/routes-page.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FOLDER = join(ROOT, 'docs/generated');

/** The generated files: their names and texts. */
export async function generated(): Promise<ReadonlyMap<string, string>> {
  const contracts = await allContracts();
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  return new Map([
    ['openapi.json', openapi(contracts, version)],
    ['routes.md', routesPage(contracts)],
    ['config.md', configPage()],
    ['errors.md', errorsPage()],
  ]);
}

/** The names of the files in `folder` that are not as they should be, with what is there besides. */
export function outdated(files: ReadonlyMap<string, string>, folder = FOLDER): string[] {
  const there = readdirSync(folder, { encoding: 'utf8' });
  const wrong = [...files].filter(
    ([name, text]) => !there.includes(name) || readFileSync(join(folder, name), 'utf8') !== text,
  );
  return [...wrong.map(([name]) => name), ...there.filter((name) => !files.has(name))].sort();
}

async function main(): Promise<void> {
  const files = await generated();
  mkdirSync(FOLDER, { recursive: true });
  const names = outdated(files);
  if (process.argv.includes('--check')) {
    for (const name of names) console.error(`docs/generated/${name} is not current: npm run generate`);
    process.exitCode = names.length === 0 ? 0 : 1;
    return;
  }
  for (const name of names) {
    const text = files.get(name);
    if (text === undefined) rmSync(join(FOLDER, name));
    else writeFileSync(join(FOLDER, name), text);
    console.log(`docs/generated/${name}`);
  }
}

if (import.meta.main) await main();
