import type { SqlValue } from '../ports.ts';

/** What the main thread and the thread of a writer say to each other, whatever the engine. */

export interface OpenRequest<Options> {
  readonly open: Options;
}

export interface CloseRequest {
  readonly close: true;
}

/**
 * A group, flat, because flat arrays are cheap to copy: the bytes of all its parameters in one piece (`null` if there are
 * none); the number of batches; for each the number of statements; for each its text's number (`NEW_TEXT` and `ONE_OFF_TEXT`
 * are followed by the text), expected rows, number of parameters, and the parameters. A parameter of bytes stands as `true`
 * and its length: each array of bytes by itself would cost a copy of all the memory that it is a part of. A text to be signed
 * stands as `false`, its key's number (`NEW_KEY` is followed by the key's seed), the message to sign, and the text before and
 * after the signature.
 */
export type GroupRequest = readonly (SqlValue | boolean)[];

export type WriterRequest<Options> = OpenRequest<Options> | CloseRequest | GroupRequest;

/** The text follows, and takes the next number on both sides. */
export const NEW_TEXT = -1;
/** The text follows, and is forgotten again. */
export const ONE_OFF_TEXT = -2;

/** The seed of a signing key follows, which takes the next number on both sides. */
export const NEW_KEY = -1;

/** Texts that get a number; further ones are sent each time. */
export const MAX_NUMBERED_TEXTS = 4096;

export interface Failure {
  /** The index of the batch in its group. */
  readonly batch: number;
  /** The index of the statement in its batch; -1 if its commit failed. */
  readonly statement: number;
  /** Whether a premise of the batch did not hold. */
  readonly conflict: boolean;
  readonly message: string;
}

/** A group's outcome. */
export interface GroupAnswer {
  readonly failures: readonly Failure[];
  /** Pairs: the index of a statement counted through the whole group, and its rows. */
  readonly rows: readonly (number | Record<string, unknown>[])[];
}

/** `0`: done, nothing to tell. */
export type WriterAnswer = 0 | GroupAnswer | { readonly fatal: string };

export type Rows = Record<string, unknown>[];
