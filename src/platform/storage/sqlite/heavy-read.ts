import type { SqliteValue } from '#platform/runtime/sqlite.ts';

/** What the main thread and the reader's thread say to each other. */

export interface OpenReader {
  readonly open: { readonly path: string; readonly cacheBytes: number };
}

export interface CloseReader {
  readonly close: true;
}

export interface HeavyRead {
  readonly sql: string;
  readonly parameters: readonly SqliteValue[];
}

/** A heavy read's answer; the reader answers in the order of asking. */
export type HeavyAnswer = { readonly rows: Record<string, unknown>[] } | { readonly error: string };
