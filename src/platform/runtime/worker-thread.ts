/** Threads that talk by messages. A message is copied: numbers, strings, bytes and arrays of them are cheap. */

export interface WorkerThread<In, Out> {
  post(message: In): void;
  /** What the thread sends; set once, before the first `post`. */
  onMessage: (message: Out) => void;
  /** The thread died of `error`, or could not start; nothing comes any more. */
  onError: (error: Error) => void;
  /** Ends the thread at once. */
  terminate(): void;
}

/** Starts the module at `url` as a thread. Messages posted before it has loaded are kept for it. */
export function startWorkerThread<In, Out>(url: URL, name: string): WorkerThread<In, Out> {
  const worker = new Worker(url, { name });
  let ended = false;
  const thread: WorkerThread<In, Out> = {
    post: (message) => worker.postMessage(message),
    onMessage: () => undefined,
    onError: () => undefined,
    terminate() {
      ended = true;
      worker.terminate();
    },
  };
  // Bun delivers no message while code that a message woke blocks the event loop for the next one, as `expect().rejects` does.
  worker.onmessage = (event: MessageEvent<Out>) => void setImmediate(() => thread.onMessage(event.data));
  worker.onerror = (event) => thread.onError(new Error(`thread ${name}: ${event.message}`));
  worker.addEventListener('close', () => {
    if (!ended) thread.onError(new Error(`thread ${name} ended`));
  });
  return thread;
}

/** The other side, called inside the thread: `receive` handles each message and may answer with `post`. */
export function serveWorkerThread<In, Out>(receive: (message: In, post: (answer: Out) => void) => void): void {
  const scope = globalThis as unknown as {
    onmessage: (event: MessageEvent<In>) => void;
    postMessage(value: Out): void;
  };
  const post = (answer: Out) => scope.postMessage(answer);
  scope.onmessage = (event) => receive(event.data, post);
}
