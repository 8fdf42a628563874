import type { ByteCache } from '#platform/cache/index.ts';
import { statement } from '#platform/storage/index.ts';
import type { Reader, Sequences, Transactor } from '#platform/storage/ports.ts';
import { isApart } from './node.ts';

interface StateKeyRow {
  state_key_nid: number;
  type: string;
  state_key: string;
}

const select = statement<StateKeyRow>(
  'select state_key_nid, type, state_key from state_keys where type = ? and state_key = ?',
);
const selectByNid = statement<StateKeyRow>(
  'select state_key_nid, type, state_key from state_keys where state_key_nid = ?',
);
const insert = statement(
  'insert into state_keys (state_key_nid, type, state_key) values (?, ?, ?) on conflict do nothing',
);

/** Pairs numbered before numbers told members from the rest. The first pair of every database is no member's. */
const misnumbered = statement<{ one: number }>(
  "select 1 as one from state_keys where (type < 'm.room.member' or type > 'm.room.member') and state_key_nid % 32 <> 0 limit 1",
);

/**
 * (type, state key) pairs as integers. A pair keeps its number for ever, in every room. The numbers of member events are of
 * another kind than all others, see `isApart`.
 */
export class StateKeyStore {
  #keepsApart: Promise<boolean> | undefined;
  /** Look-ups under way, so that two rooms never intern the same pair twice. */
  readonly #interning = new Map<string, Promise<number>>();

  constructor(
    private readonly reader: Reader,
    private readonly transactor: Transactor,
    private readonly sequences: Sequences,
    private readonly cache: ByteCache<string, number>,
    private readonly names: ByteCache<number, readonly [type: string, stateKey: string]>,
  ) {}

  /** The number of a pair, or `undefined` if no room has ever had it. */
  find(type: string, stateKey: string): number | undefined | Promise<number | undefined> {
    const name = nameOf(type, stateKey);
    return this.cache.get(name) ?? this.#read(type, stateKey, name);
  }

  /** The number of a pair, made durable before it is answered where it is new. */
  intern(type: string, stateKey: string): number | Promise<number> {
    const name = nameOf(type, stateKey);
    const known = this.cache.get(name);
    if (known !== undefined) return known;
    let running = this.#interning.get(name);
    if (running === undefined) {
      running = this.#make(type, stateKey, name).finally(() => this.#interning.delete(name));
      this.#interning.set(name, running);
    }
    return running;
  }

  /** Whether all numbers are of the kind that they should be: not so in a database that an early version has made. */
  keepsApart(): Promise<boolean> {
    this.#keepsApart ??= this.reader.first(misnumbered()).then(
      (row) => row === undefined,
      (error: unknown) => {
        this.#keepsApart = undefined;
        throw error;
      },
    );
    return this.#keepsApart;
  }

  /** The pair that a number stands for. */
  async nameOf(nid: number): Promise<readonly [type: string, stateKey: string]> {
    const known = this.names.get(nid);
    if (known !== undefined) return known;
    const row = await this.reader.first(selectByNid(nid));
    if (row === undefined) throw new Error(`state key ${nid} has no row`);
    this.#remember(row);
    return [row.type, row.state_key];
  }

  async #read(type: string, stateKey: string, name: string): Promise<number | undefined> {
    const row = await this.reader.first(select(type, stateKey));
    if (row === undefined) return undefined;
    this.#remember(row, name);
    return row.state_key_nid;
  }

  async #make(type: string, stateKey: string, name: string): Promise<number> {
    const existing = await this.#read(type, stateKey, name);
    if (existing !== undefined) return existing;
    const nid = this.#nextNumber(type !== 'm.room.member');
    await this.transactor.commit((batch) => batch.add(insert(nid, type, stateKey)));
    const made = await this.#read(type, stateKey, name);
    if (made === undefined) throw new Error('an interned state key is missing after its commit');
    return made;
  }

  /** One number in 32 is of the kind for what is no member; there are so many more members. */
  #nextNumber(apart: boolean): number {
    for (;;) {
      const nid = this.sequences.next('state_key');
      if (isApart(nid) === apart) return nid;
    }
  }

  #remember(row: StateKeyRow, name = nameOf(row.type, row.state_key)): void {
    const size = 4 * name.length + 100;
    this.cache.set(name, row.state_key_nid, size);
    this.names.set(row.state_key_nid, [row.type, row.state_key], size);
  }
}

function nameOf(type: string, stateKey: string): string {
  return `${type}\u0000${stateKey}`;
}
