import type { ChildProcess } from 'node:child_process';
import { spawnSync } from 'node:child_process';

/** A homeserver under measurement: processes of their own on loopback, rate limits off, durable. */
export interface BenchServer {
  readonly name: string;
  readonly version: string;
  readonly baseUrl: string;
  /** The server's processes; their children count as theirs. */
  readonly pids: readonly number[];
  /** Those of its database, where that is another server. */
  readonly databasePids: readonly number[];
  /** From starting the process to its first answer. */
  readonly startMs: number;
  /** Where its files lie. */
  readonly folder: string;
  /** Makes an account. */
  register(username: string): Promise<BenchAccount>;
  /** Bytes of its database, of a server that has been stopped. */
  diskBytes(): Promise<number>;
  /** The longest that its event loop was late since the last call, where the server tells. */
  worstLagMs?(): Promise<number | undefined>;
  stop(): Promise<void>;
}

export interface BenchAccount {
  readonly token: string;
  readonly userId: string;
}

/** How to start one of the servers. */
export interface Peer {
  readonly name: string;
  /** What it is, for the report. */
  readonly what: string;
  /** How many operations it is asked for where others are asked for one: the slow are given less, their rate is the same. */
  readonly pace: number;
  /** The least that a send can be is no homeserver: it only takes part where messages are sent. */
  readonly sendsOnly?: boolean;
  /** Starts it in a folder; a folder in which it has run already has its data. Throws if it is not to be had on this machine. */
  start(folder: string): Promise<BenchServer>;
}

/** Ends a process and waits for it. */
export function end(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve();
    const timer = setTimeout(() => child.kill('SIGKILL'), 20_000);
    child.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    child.kill('SIGTERM');
  });
}

/** Waits until a URL answers with success; how long that took, in milliseconds. */
export async function firstAnswer(url: string, child: ChildProcess, timeoutMs = 120_000): Promise<number> {
  const start = performance.now();
  while (performance.now() - start < timeoutMs) {
    if (child.exitCode !== null) throw new Error(`the server ended at its start, with code ${child.exitCode}`);
    const response = await fetch(url).catch(() => undefined);
    if (response?.ok) return performance.now() - start;
    await new Promise((resolve) => setTimeout(resolve, 4));
  }
  throw new Error(`${url} does not answer`);
}

/** Bytes of files, by `du`, which counts what they say they hold. */
export function fileBytes(...paths: readonly string[]): number {
  const { stdout } = spawnSync('du', ['-sbc', ...paths], { encoding: 'utf8' });
  return Number(/^(\d+)\s+total$/m.exec(stdout)?.[1] ?? 0);
}

/** A request during the set-up; answers the JSON or throws. */
export async function ask(
  baseUrl: string,
  method: string,
  path: string,
  token?: string,
  body?: unknown,
): Promise<Record<string, unknown>> {
  const response = await fetch(`${baseUrl}${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 300)}`);
  return JSON.parse(text) as Record<string, unknown>;
}

const PASSWORD = 'bench-password';

/** Makes an account the way the specification has it, or another if `auth` says so. */
export async function registerWith(
  baseUrl: string,
  username: string,
  auth: Record<string, unknown> = { type: 'm.login.dummy' },
): Promise<BenchAccount> {
  const made = await ask(baseUrl, 'POST', '/_matrix/client/v3/register', undefined, {
    username,
    password: PASSWORD,
    auth,
  });
  return { token: made.access_token as string, userId: made.user_id as string };
}
