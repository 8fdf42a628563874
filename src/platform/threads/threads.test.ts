import { afterEach, expect, test } from 'bun:test';
import { createThreadPool, type ThreadPool } from './index.ts';
import type * as tasks from './testing-tasks.ts';

const pools: ThreadPool<typeof tasks>[] = [];
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.stop()));
});

function pool(threads: number): ThreadPool<typeof tasks> {
  const made = createThreadPool<typeof tasks>({ module: new URL('./testing-tasks.ts', import.meta.url), threads });
  pools.push(made);
  return made;
}

test('a task runs elsewhere and its result comes back', async () => {
  expect(await pool(1).run('double', 21)).toBe(42);
});

test('many tasks share few threads, each with its own result', async () => {
  const two = pool(2);
  const results = await Promise.all(Array.from({ length: 200 }, (_, i) => two.run('double', i)));
  expect(results).toEqual(Array.from({ length: 200 }, (_, i) => 2 * i));
  expect(two.queued).toBe(0);
});

test('a busy thread leaves the event loop free', async () => {
  const one = pool(1);
  const busy = one.run('busy', 300);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 10);
  await busy;
  clearInterval(timer);
  expect(ticks).toBeGreaterThan(5);
});

test('what a task throws comes back as it is, and the thread goes on', async () => {
  const one = pool(1);
  await expect(one.run('fail', 'bad input')).rejects.toThrow('bad input');
  expect(await one.run('double', 1)).toBe(2);
});

test('a thread that dies fails its task only; others get a new thread', async () => {
  const one = pool(1);
  const [dead, alive] = await Promise.allSettled([one.run('die', 3), one.run('double', 2)]);
  expect(dead).toMatchObject({ status: 'rejected', reason: { name: 'ThreadLost' } });
  expect(alive).toEqual({ status: 'fulfilled', value: 4 });
});

test('stopping rejects what has not finished and what comes later', async () => {
  const one = pool(1);
  const results = Promise.allSettled([one.run('slowly', 60_000), one.run('double', 1)]);
  await Bun.sleep(50);
  await one.stop();
  expect((await results).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await expect(one.run('double', 1)).rejects.toThrow('stopped');
});
