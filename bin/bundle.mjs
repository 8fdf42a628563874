/**
 * The program in a few files with bytecode, which start in a fraction of the time that its thousand modules take. It is made
 * from the source at the first start after a change, and never used for another source than the one it was made of. Plain Node.
 */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const FOLDER = join('.cache', 'bundle');
/** Which bundle is the current one, and what it was made of. */
const RECORD = 'current.json';
/** Begins the name of what is being written. */
const UNFINISHED = 'new-';
const PROGRAM = 'app-main.js';
const SOURCE = join('src', 'app', 'main.ts');
const BUILDER = fileURLToPath(new URL('./build-bundle.mjs', import.meta.url));
const BUILD_TIMEOUT_MS = 120_000;
/** A server that runs starts threads from its bundle later on, also when newer ones have been made meanwhile. */
const KEPT_BUNDLES = 5;
const HOUR_MS = 3_600_000;

/**
 * The file that Bun is to run: the bundle, made first if need be; the source if `MYELIN_FROM_SOURCE` is set or if no bundle
 * can be made.
 * @param {{ root: string, bun: string, name: string }} options `name` starts the lines that tell of it.
 * @returns {Promise<string>}
 */
export async function findProgram({ root, bun, name }) {
  const source = join(root, SOURCE);
  const asked = process.env.MYELIN_FROM_SOURCE ?? '';
  if (asked !== '' && asked !== '0') return source;
  try {
    return (await findBundle(root, bun)) ?? (await makeBundle(root, bun, name));
  } catch (error) {
    const [why, ...more] = error.message.trim().split('\n');
    process.stderr.write(`${name}: no bundle, hence a slower start from the source: ${why}\n`);
    if (more.length > 0 && process.env.MYELIN_DEBUG !== undefined) process.stderr.write(`${more.join('\n')}\n`);
    return source;
  }
}

/** The bundle that was made of what stands in the source now, if there is one. */
async function findBundle(root, bun) {
  const record = readRecord(root);
  if (record === undefined || !isWhole(root, record) || record.bun !== stateOfBun(bun)) return undefined;
  const program = join(root, FOLDER, record.folder, PROGRAM);
  const files = Object.keys(record.files);
  if (files.every((path) => isUntouched(`${root}/${path}`, record.files[path]))) return program;
  // A copy of a tree, as in an image of a container, has other times and the same content.
  if ((await contentOf(root, files)) !== record.content) return undefined;
  try {
    writeRecord(root, { ...record, files: statesOf(root, files) });
  } catch {
    // Of somebody who may not write here: they compare the content each time.
  }
  return program;
}

function readRecord(root) {
  try {
    return JSON.parse(readFileSync(join(root, FOLDER, RECORD), 'utf8'));
  } catch {
    return undefined;
  }
}

function writeRecord(root, record) {
  const path = join(root, FOLDER, UNFINISHED + newName());
  writeFileSync(path, JSON.stringify(record));
  makeDurable(path);
  renameSync(path, join(root, FOLDER, RECORD));
}

const newName = () => Date.now().toString(36) + Math.random().toString(36).slice(2, 8);

/** Whether all that was made is there, in full. */
const isWhole = (root, { folder, outputs }) =>
  Object.entries(outputs).every(
    ([file, size]) => statSync(join(root, FOLDER, folder, file), { throwIfNoEntry: false })?.size === size,
  );

/**
 * What changes whenever somebody writes a file or puts another in its place: the time in the end cannot be set at will. There
 * are a thousand files to look at, at each start: hence no paths joined and no texts made.
 */
function isUntouched(path, [size, modifiedMs, changedMs]) {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats?.size === size && stats.mtimeMs === modifiedMs && stats.ctimeMs === changedMs;
}

const statesOf = (root, paths) =>
  Object.fromEntries(
    paths.map((path) => {
      const { size, mtimeMs, ctimeMs } = statSync(join(root, path));
      return [path, [size, mtimeMs, ctimeMs]];
    }),
  );

/** Bytecode is for the one Bun that has made it. */
function stateOfBun(bun) {
  const { size, mtimeMs } = statSync(bun);
  return `${size} ${mtimeMs}`;
}

async function contentOf(root, paths) {
  const { createHash } = await import('node:crypto');
  const hash = createHash('sha256');
  for (const path of paths) {
    const bytes = existsSync(join(root, path)) ? readFileSync(join(root, path)) : '';
    hash.update(`${path}\n${bytes.length}\n`).update(bytes);
  }
  return hash.digest('hex');
}

/** Another process may do the same at the same time: each makes a bundle of its own, and the last record stands. */
async function makeBundle(root, bun, name) {
  const cache = join(root, FOLDER);
  const folder = newName();
  const unfinished = join(cache, UNFINISHED + folder);
  mkdirSync(unfinished, { recursive: true });
  try {
    process.stderr.write(`${name}: bundling the server, once for this version\n`);
    // By the clock of the file system, which may be another machine's.
    const startedMs = statSync(unfinished).ctimeMs;
    const { inputs, outputs } = runBuilder(root, bun, unfinished);
    const files = statesOf(root, inputs);
    const content = await contentOf(root, inputs);
    const changed = inputs.find((path) => statSync(join(root, path)).ctimeMs >= startedMs);
    if (changed !== undefined) throw new Error(`${changed} was changed while it was bundled`);
    for (const file of Object.keys(outputs)) makeDurable(join(unfinished, file));
    renameSync(unfinished, join(cache, folder));
    writeRecord(root, { folder, bun: stateOfBun(bun), outputs, files, content });
    removeOld(cache);
    return join(cache, folder, PROGRAM);
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
}

function runBuilder(root, bun, folder) {
  const { status, signal, stdout, stderr, error } = spawnSync(
    bun,
    ['--no-env-file', '--no-install', BUILDER, root, SOURCE, folder],
    { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: BUILD_TIMEOUT_MS },
  );
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(stderr.trim() || `the bundler ended with ${signal ?? `code ${status}`}`);
  const { inputs, outputs } = JSON.parse(stdout);
  return { outputs, inputs: [...new Set([...inputs, ...alsoDecisive(root, inputs)])] };
}

/** Files that the bundler reads, or that it is, and does not list. */
function alsoDecisive(root, inputs) {
  const packages = inputs.map((path) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]);
  const candidates = [
    ...[...new Set(packages)].filter((folder) => folder !== undefined).map((folder) => `${folder}/package.json`),
    'package.json',
    'tsconfig.json',
    'bin/bundle.mjs',
    'bin/build-bundle.mjs',
  ];
  return candidates.filter((path) => statSync(join(root, path), { throwIfNoEntry: false })?.isFile());
}

/** After a power cut, a name may otherwise be there without what was written under it. */
function makeDurable(path) {
  const file = openSync(path, 'r+');
  fsyncSync(file);
  closeSync(file);
}

function removeOld(cache) {
  const entries = readdirSync(cache)
    .filter((entry) => entry !== RECORD)
    .map((entry) => ({ entry, atMs: statSync(join(cache, entry), { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => b.atMs - a.atMs);
  const isUnfinished = ({ entry }) => entry.startsWith(UNFINISHED);
  const abandoned = entries.filter((found) => isUnfinished(found) && found.atMs < Date.now() - HOUR_MS);
  const replaced = entries.filter((found) => !isUnfinished(found)).slice(KEPT_BUNDLES);
  for (const { entry } of [...abandoned, ...replaced]) rmSync(join(cache, entry), { recursive: true, force: true });
}
