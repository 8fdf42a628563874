import type { StateRoot } from './node.ts';

const WORDS = 4;

/** A set of node addresses, 17 bytes each at half its load: rooms have millions. */
export class NodeMarks {
  #capacity = 1024;
  #words = new Uint32Array(this.#capacity * WORDS);
  #used = new Uint8Array(this.#capacity);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(root: StateRoot): boolean {
    const words = wordsOf(root);
    return this.#used[this.#slotOf(words)] === 1;
  }

  /** Whether it was not in the set before. */
  add(root: StateRoot): boolean {
    if (this.#size * 2 >= this.#capacity) this.#grow();
    const words = wordsOf(root);
    const slot = this.#slotOf(words);
    if (this.#used[slot] === 1) return false;
    this.#put(slot, words);
    this.#size++;
    return true;
  }

  /** Where the address is, or would be put. */
  #slotOf(words: Uint32Array): number {
    let slot = words[0]! % this.#capacity;
    while (this.#used[slot] === 1 && !this.#isAt(slot, words)) slot = (slot + 1) % this.#capacity;
    return slot;
  }

  #isAt(slot: number, words: Uint32Array): boolean {
    for (let index = 0; index < WORDS; index++) if (this.#words[slot * WORDS + index] !== words[index]) return false;
    return true;
  }

  #put(slot: number, words: Uint32Array): void {
    this.#words.set(words, slot * WORDS);
    this.#used[slot] = 1;
  }

  #grow(): void {
    const [words, used, capacity] = [this.#words, this.#used, this.#capacity];
    this.#capacity = capacity * 2;
    this.#words = new Uint32Array(this.#capacity * WORDS);
    this.#used = new Uint8Array(this.#capacity);
    for (let slot = 0; slot < capacity; slot++) {
      if (used[slot] !== 1) continue;
      const one = words.subarray(slot * WORDS, (slot + 1) * WORDS);
      this.#put(this.#slotOf(one), one);
    }
  }
}

function wordsOf(root: StateRoot): Uint32Array {
  const words = new Uint32Array(WORDS);
  for (let index = 0; index < WORDS; index++) words[index] = Number.parseInt(root.slice(index * 8, index * 8 + 8), 16);
  return words;
}
