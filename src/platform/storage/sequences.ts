import type { GroupCommit } from './group-commit.ts';
import type { Reader, SequenceName, Sequences } from './ports.ts';
import { statement } from './tables.ts';

/** Numbers reserved at a time; a restart skips at most this many, twice. */
const RANGE = 4096;
/** The next range is reserved when fewer than this many numbers are left, so that nobody waits for it. */
const AHEAD = 2048;

const reserve = statement(
  'INSERT INTO sequences (name, reserved) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET reserved = excluded.reserved',
);
const selectReserved = statement<{ name: SequenceName; reserved: number }>('SELECT name, reserved FROM sequences');

interface State {
  last: number;
  /** Numbers up to here are reserved, or a batch that reserves them stands before all that could use them. */
  reserved: number;
}

/** Sequences by ranges. A reservation is queued before the batch that uses its numbers, so that it is durable first. */
export class ReservedSequences implements Sequences {
  readonly #states = new Map<SequenceName, State>();
  readonly #commits: GroupCommit;

  private constructor(commits: GroupCommit) {
    this.#commits = commits;
  }

  static async load(reader: Reader, commits: GroupCommit): Promise<ReservedSequences> {
    const sequences = new ReservedSequences(commits);
    for (const { name, reserved } of await reader.all(selectReserved())) {
      sequences.#states.set(name, { last: reserved, reserved });
    }
    return sequences;
  }

  next(name: SequenceName): number {
    const state = this.#state(name);
    const number = ++state.last;
    if (number > state.reserved - AHEAD) {
      state.reserved = Math.max(state.reserved, number) + RANGE;
      this.#commits.owe((batch) => void batch.add(reserve(name, state.reserved)));
    }
    return number;
  }

  last(name: SequenceName): number {
    return this.#state(name).last;
  }

  #state(name: SequenceName): State {
    let state = this.#states.get(name);
    if (state === undefined) {
      state = { last: 0, reserved: 0 };
      this.#states.set(name, state);
    }
    return state;
  }
}
