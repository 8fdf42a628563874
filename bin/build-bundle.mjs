/**
 * Run by Bun, for bundle.mjs: bundles a program, and each module that it starts as a thread, into one file each with its bytecode.
 * Prints, as JSON, what has been read and written.
 *
 *     bun build-bundle.mjs ROOT PROGRAM FOLDER
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';

/** Native code stays where it is, and is loaded from there. */
const EXTERNAL = ['sharp'];
/** `new URL('./writer-thread.ts', import.meta.url)` is how a module names another that becomes a thread. */
const THREAD_MODULE = /new URL\(\s*'(\.[^']+\.ts)',\s*import\.meta\.url,?\s*\)/g;
const PLACE = /import\.meta\.(?!main)/g;
/** pino asks for its callers' names, for transports of its own that nobody uses here; they cost a whole source map. */
const PINO_CALLER = /\/pino\/lib\/caller\.js$/;

const [root, program, folder] = process.argv.slice(2);
const source = join(root, 'src');
const entries = [join(root, program)];
const inputs = new Set();
const outputs = {};

const nameOf = (module) => relative(source, module).replace(/\.ts$/, '').replaceAll(/[/\\]/g, '-');

/** A bundle lies elsewhere than its source: threads are files beside the one that runs, and no place else has a meaning. */
function withThreadsBeside(path) {
  const text = readFileSync(path, 'utf8');
  const contents = text.replaceAll(THREAD_MODULE, (written, specifier, offset) => {
    if (isInComment(text, offset)) return written;
    const module = join(dirname(path), specifier);
    if (!entries.includes(module)) entries.push(module);
    return `new URL('./${nameOf(module)}.js', Bun.pathToFileURL(Bun.main))`;
  });
  for (const { index } of contents.matchAll(PLACE)) {
    if (isInComment(contents, index)) continue;
    throw new Error(`${relative(root, path)}: a bundle knows import.meta in new URL('./x.ts', import.meta.url) only`);
  }
  return { contents, loader: 'ts' };
}

const isInComment = (text, offset) =>
  /^\s*(\* |\/\*|\/\/)/.test(text.slice(text.lastIndexOf('\n', offset) + 1, offset));

const plugin = {
  name: 'myelin',
  setup(build) {
    build.onLoad({ filter: /\.ts$/ }, ({ path }) => (path.startsWith(source) ? withThreadsBeside(path) : undefined));
    build.onLoad({ filter: PINO_CALLER }, () => ({ contents: 'module.exports = () => [];', loader: 'js' }));
  },
};

async function bundle(entry) {
  const { metafile, outputs: made } = await Bun.build({
    entrypoints: [entry],
    outdir: folder,
    naming: `${nameOf(entry)}.[ext]`,
    target: 'bun',
    // Bun takes bytecode of modules in this format only.
    format: 'cjs',
    bytecode: true,
    sourcemap: 'linked',
    external: EXTERNAL,
    metafile: true,
    plugins: [plugin],
  });
  for (const path of Object.keys(metafile.inputs)) inputs.add(path);
  for (const { path, kind } of made) {
    if (kind === 'sourcemap') shorten(path);
    outputs[basename(path)] = statSync(path).size;
  }
}

/** The source itself is at hand; reading a map takes a third of the time without it. Bun needs an entry for each file. */
function shorten(path) {
  const map = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...map, sourcesContent: map.sources.map(() => '') }));
}

try {
  for (const entry of entries) await bundle(entry);
  process.stdout.write(JSON.stringify({ inputs: [...inputs].sort(), outputs }));
} catch (error) {
  const messages = error instanceof AggregateError ? error.errors.map(String) : [error.message];
  process.stderr.write(`${messages.join('\n')}\n`);
  process.exit(1);
}
