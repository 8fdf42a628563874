import { startWorkerThread, type WorkerThread } from '#platform/runtime/worker-thread.ts';
import { SignedText, type SigningKey, seedOf } from '#protocol/signing/index.ts';
import type { GroupWriter } from '../group-commit.ts';
import type { PendingBatch } from '../pending-batch.ts';
import { BatchConflict, type SqlValue } from '../ports.ts';
import {
  type GroupRequest,
  MAX_NUMBERED_TEXTS,
  NEW_KEY,
  NEW_TEXT,
  ONE_OFF_TEXT,
  type WriterAnswer,
  type WriterRequest,
} from './messages.ts';

/** The main thread's end of a writer's thread, which answers requests in their order. */
export class ThreadWriter<Options> implements GroupWriter {
  readonly #thread: WorkerThread<WriterRequest<Options>, WriterAnswer>;
  readonly #numbers = new Map<string, number>();
  readonly #keys: SigningKey[] = [];
  #dead: Error | undefined;
  /** Of the requests without an answer, the oldest first. */
  readonly #waiters: PromiseWithResolvers<WriterAnswer>[] = [];

  /** `name` stands before error messages; `onDeath` is told when the thread has died by itself. */
  constructor(
    module: URL,
    private readonly name: string,
    onDeath: (error: Error) => void,
  ) {
    this.#thread = startWorkerThread(module, `${name}-writer`);
    this.#thread.onMessage = (answer) => this.#waiters.shift()?.resolve(answer);
    this.#thread.onError = (error) => {
      this.#dead = error;
      for (const waiter of this.#waiters.splice(0)) waiter.reject(error);
      onDeath(error);
    };
  }

  async open(options: Options): Promise<void> {
    await this.#ask({ open: options });
  }

  async write(group: readonly PendingBatch[]): Promise<readonly (Error | undefined)[]> {
    const answer = await this.#ask(this.#encode(group));
    const outcomes: (Error | undefined)[] = group.map(() => undefined);
    if (answer === 0 || 'fatal' in answer) return outcomes;
    for (const { batch, statement, conflict, message } of answer.failures) {
      outcomes[batch] = conflict
        ? new BatchConflict(message, statement < 0 ? undefined : statement)
        : new Error(`${this.name}: ${message}`);
    }
    fillRows(group, answer.rows);
    return outcomes;
  }

  /** Closes the database and ends the thread. */
  async close(): Promise<void> {
    try {
      await this.#ask({ close: true });
    } finally {
      this.#thread.terminate();
    }
  }

  async #ask(request: WriterRequest<Options>): Promise<WriterAnswer> {
    if (this.#dead !== undefined) throw this.#dead;
    const waiter = Promise.withResolvers<WriterAnswer>();
    this.#waiters.push(waiter);
    this.#thread.post(request);
    const answer = await waiter.promise;
    if (answer !== 0 && 'fatal' in answer) throw new Error(`${this.name}: ${answer.fatal}`);
    return answer;
  }

  #encode(group: readonly PendingBatch[]): GroupRequest {
    const message: (SqlValue | boolean)[] = [null, group.length];
    const bytes: Uint8Array[] = [];
    for (const { texts, parameters, expected } of group) {
      message.push(texts.length);
      for (let index = 0; index < texts.length; index++) {
        const own = parameters[index]!;
        this.#pushText(message, texts[index]!);
        message.push(expected[index]!, own.length);
        for (let at = 0; at < own.length; at++) {
          const value = own[at]!;
          if (typeof value !== 'object' || value === null) message.push(value);
          else if (value instanceof SignedText) this.#pushSigned(message, value);
          else {
            bytes.push(value);
            message.push(true, value.length);
          }
        }
      }
    }
    if (bytes.length > 0) message[0] = joined(bytes);
    return message;
  }

  #pushSigned(target: (SqlValue | boolean)[], { key, message, before, after }: SignedText): void {
    const number = this.#keys.indexOf(key);
    if (number !== -1) target.push(false, number, message, before, after);
    else {
      this.#keys.push(key);
      target.push(false, NEW_KEY, seedOf(key), message, before, after);
    }
  }

  #pushText(message: (SqlValue | boolean)[], text: string): void {
    const number = this.#numbers.get(text);
    if (number !== undefined) {
      message.push(number);
    } else if (this.#numbers.size < MAX_NUMBERED_TEXTS) {
      this.#numbers.set(text, this.#numbers.size);
      message.push(NEW_TEXT, text);
    } else {
      message.push(ONE_OFF_TEXT, text);
    }
  }
}

/** `rows` are pairs of a statement's place in the whole group, ascending, and its rows. */
function fillRows(group: readonly PendingBatch[], rows: readonly (number | Record<string, unknown>[])[]): void {
  let batch = 0;
  let first = 0;
  for (let at = 0; at < rows.length; at += 2) {
    const place = rows[at] as number;
    while (place >= first + group[batch]!.texts.length) first += group[batch++]!.texts.length;
    group[batch]!.results[place - first]!.rows = rows[at + 1] as Record<string, unknown>[];
  }
}

/** In memory of its own: `Buffer.concat` may take a part of a pool, which would travel whole. */
function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
