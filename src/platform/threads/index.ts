/**
 * Threads for work that would keep the event loop busy: verifying many signatures, hashing, parsing what is huge. A pool runs
 * the functions of one module, by name, on copies of their arguments. Only pure functions: a thread sees no database, no
 * configuration and none of the process's state.
 */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

/** The functions that a module exports, by name. */
// biome-ignore lint/suspicious/noExplicitAny: each task has an argument type of its own.
type TaskModule = Readonly<Record<string, (input: any) => unknown>>;

export interface ThreadPool<M extends TaskModule> {
  /** Runs `module[task](input)` on a thread. Rejects with what it throws, or `ThreadLost` when the thread died. */
  run<N extends keyof M & string>(task: N, input: Parameters<M[N]>[0]): Promise<Awaited<ReturnType<M[N]>>>;
  /** Tasks waiting for a thread. */
  readonly queued: number;
  /** Ends all threads; what has not finished is rejected. */
  stop(): Promise<void>;
}

/** The thread ended under its task. */
export class ThreadLost extends Error {
  override readonly name = 'ThreadLost';
}

export interface ThreadPoolOptions {
  /** The module with the tasks: `new URL('./verify-tasks.ts', import.meta.url)`. */
  readonly module: URL;
  /** Default: as many as the machine has processors, less one for the event loop, and at most 4. */
  readonly threads?: number;
}

interface Task {
  readonly name: string;
  readonly input: unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** What a thread answers. */
export type Reply = { readonly value: unknown } | { readonly error: unknown };

const MAX_THREADS = 4;

/** Threads start when first needed. */
export function createThreadPool<M extends TaskModule>({ module, threads }: ThreadPoolOptions): ThreadPool<M> {
  const limit = threads ?? Math.min(MAX_THREADS, Math.max(1, availableParallelism() - 1));
  const queue: Task[] = [];
  const idle: Worker[] = [];
  const busy = new Map<Worker, Task>();
  let stopped = false;

  const dispatch = (): void => {
    while (queue.length > 0) {
      const worker = idle.pop() ?? (busy.size < limit ? startWorker() : undefined);
      const task = worker === undefined ? undefined : queue.shift();
      if (worker === undefined || task === undefined) return;
      busy.set(worker, task);
      worker.ref();
      worker.postMessage({ task: task.name, input: task.input });
    }
  };

  const startWorker = (): Worker => {
    const worker = new Worker(new URL('./thread.ts', import.meta.url), { workerData: { module: module.href } });
    worker.on('message', (reply: Reply) => {
      const task = busy.get(worker);
      busy.delete(worker);
      idle.push(worker);
      // An idle pool does not keep the process alive.
      worker.unref();
      if ('error' in reply) task?.reject(reply.error);
      else task?.resolve(reply.value);
      dispatch();
    });
    const lost = (): void => {
      const at = idle.indexOf(worker);
      if (at !== -1) idle.splice(at, 1);
      const task = busy.get(worker);
      busy.delete(worker);
      task?.reject(new ThreadLost(`the thread ended while running ${task.name}`));
      if (!stopped) dispatch();
    };
    worker.on('error', lost);
    worker.on('exit', lost);
    return worker;
  };

  return {
    run: (name, input) =>
      new Promise((resolve, reject) => {
        if (stopped) return reject(new ThreadLost('the pool has been stopped'));
        queue.push({ name, input, resolve: resolve as Task['resolve'], reject });
        dispatch();
      }),
    get queued() {
      return queue.length;
    },
    async stop() {
      stopped = true;
      for (const task of queue.splice(0)) task.reject(new ThreadLost('the pool has been stopped'));
      await Promise.all([...idle, ...busy.keys()].map((worker) => worker.terminate()));
    },
  };
}
