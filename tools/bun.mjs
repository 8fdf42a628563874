// Runs the pinned Bun with the given arguments, with development dependencies installed: `node tools/bun.mjs tools/x.ts`.
import { ensureDependencies, fail, runBun } from '../bin/launcher.mjs';

try {
  ensureDependencies({ name: 'tools', withDev: true });
  runBun(process.argv.slice(2));
} catch (error) {
  fail(error, 'tools');
}
