import type { KeyId } from '#protocol/identifiers/index.ts';
import { type SigningKey, signBytes, signingKeyFromSeed } from '#protocol/signing/index.ts';
import type { SqlValue } from '../ports.ts';
import { type GroupRequest, NEW_KEY, NEW_TEXT, ONE_OFF_TEXT } from './messages.ts';

/** A statement of a group. */
export interface Step {
  readonly sql: string;
  /** The text's number, for caches; `undefined` for a text that will hardly come again. */
  readonly number: number | undefined;
  readonly parameters: readonly SqlValue[];
  /** The number of rows it must change or return, or `ANY_ROWS`. */
  readonly expected: number;
  /** Its place among all statements of the group. */
  readonly place: number;
}

/**
 * Reads groups off their flat form, and signs what is to be signed. One for the life of a writer's thread: it learns the
 * numbers of the texts and keys.
 */
export class GroupDecoder {
  readonly #texts: string[] = [];
  readonly #keys: SigningKey[] = [];

  decode(request: GroupRequest): Step[][] {
    return new Reading(request, this.#texts, this.#keys).batches();
  }
}

/** One group, and how far it has been read. */
class Reading {
  readonly #bytes: Uint8Array | null;
  #at = 1;
  /** How much of the bytes. */
  #taken = 0;
  #place = 0;

  constructor(
    private readonly request: GroupRequest,
    private readonly texts: string[],
    private readonly keys: SigningKey[],
  ) {
    this.#bytes = request[0] as Uint8Array | null;
  }

  batches(): Step[][] {
    const batches: Step[][] = [];
    for (let left = this.#number(); left > 0; left--) {
      const steps: Step[] = [];
      for (let statements = this.#number(); statements > 0; statements--) steps.push(this.#step());
      batches.push(steps);
    }
    return batches;
  }

  #step(): Step {
    let number: number | undefined = this.#number();
    let sql = this.texts[number] ?? '';
    if (number === NEW_TEXT || number === ONE_OFF_TEXT) {
      sql = this.#text();
      number = number === NEW_TEXT ? this.texts.push(sql) - 1 : undefined;
    }
    const expected = this.#number();
    const parameters = new Array<SqlValue>(this.#number());
    for (let index = 0; index < parameters.length; index++) parameters[index] = this.#parameter();
    return { sql, number, parameters, expected, place: this.#place++ };
  }

  #parameter(): SqlValue {
    const value = this.request[this.#at++]!;
    if (typeof value !== 'boolean') return value;
    return value ? this.#slice(this.#number()) : this.#signed();
  }

  #slice(length: number): Uint8Array {
    const from = this.#taken;
    this.#taken += length;
    return this.#bytes!.subarray(from, this.#taken);
  }

  #signed(): string {
    const number = this.#number();
    if (number === NEW_KEY) this.keys.push(signingKeyFromSeed('' as KeyId, this.#text()));
    const key = this.keys[number === NEW_KEY ? this.keys.length - 1 : number]!;
    const signature = signBytes(key, this.#text());
    return this.#text() + signature + this.#text();
  }

  #number(): number {
    return this.request[this.#at++] as number;
  }

  #text(): string {
    return this.request[this.#at++] as string;
  }
}
