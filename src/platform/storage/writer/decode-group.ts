import type { SqlValue } from '../ports.ts';
import { type GroupRequest, NEW_TEXT, ONE_OFF_TEXT } from './messages.ts';

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

/** Reads groups off their flat form. One for the life of a writer's thread: it learns the numbers of the texts. */
export class GroupDecoder {
  readonly #texts: string[] = [];

  decode(request: GroupRequest): Step[][] {
    let at = 1;
    let place = 0;
    const bytes = request[0] as Uint8Array | null;
    let taken = 0;
    const batches: Step[][] = [];
    for (let left = request[at++] as number; left > 0; left--) {
      const steps: Step[] = [];
      for (let statements = request[at++] as number; statements > 0; statements--) {
        let number: number | undefined = request[at++] as number;
        let sql = this.#texts[number] ?? '';
        if (number === NEW_TEXT || number === ONE_OFF_TEXT) {
          sql = request[at++] as string;
          number = number === NEW_TEXT ? this.#texts.push(sql) - 1 : undefined;
        }
        const expected = request[at++] as number;
        const count = request[at++] as number;
        const parameters = new Array<SqlValue>(count);
        for (let index = 0; index < count; index++) {
          const value = request[at++] as SqlValue | true;
          if (value !== true) parameters[index] = value;
          else {
            const end = taken + (request[at++] as number);
            parameters[index] = bytes!.subarray(taken, end);
            taken = end;
          }
        }
        steps.push({ sql, number, parameters, expected, place: place++ });
      }
      batches.push(steps);
    }
    return batches;
  }
}
