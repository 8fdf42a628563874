/** What runs on a thread of the pool: imports the module with the tasks once, then answers one task after the other. */
import { parentPort, workerData } from 'node:worker_threads';
import type { Reply } from './index.ts';

const tasks = import((workerData as { module: string }).module) as Promise<Record<string, unknown>>;

parentPort?.on('message', async ({ task, input }: { task: string; input: unknown }) => {
  parentPort?.postMessage(await answer(task, input));
});

async function answer(name: string, input: unknown): Promise<Reply> {
  try {
    const task = (await tasks)[name];
    if (typeof task !== 'function') throw new Error(`no task ${name}`);
    return { value: await task(input) };
  } catch (error) {
    return { error };
  }
}
