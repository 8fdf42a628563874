import { createHash } from 'node:crypto';

/**
 * The state of a room at a point, by content: equal states have equal roots. Hex of the first 16 bytes of the SHA-256 of the
 * root node's body.
 */
export type StateRoot = string & { readonly __stateRoot: never };

/** Entries in order of key; a leaf never holds more than `LEAF_MAX`, except where keys can be told apart no further. */
export interface Leaf {
  readonly kind: 'leaf';
  /** Interned (type, state key) pairs, ascending. */
  readonly keys: readonly number[];
  /** The event of each key, in the same order. */
  readonly events: readonly number[];
}

/** Up to 32 subtrees, one for each 5-bit digit that occurs at this level. */
export interface Branch {
  readonly kind: 'branch';
  /** Which digits occur, as bits; never negative. */
  readonly digits: number;
  /** In order of digit. */
  readonly children: readonly StateRoot[];
}

export type StateNode = Leaf | Branch;

export interface HashedNode {
  readonly hash: StateRoot;
  readonly node: StateNode;
  readonly body: Uint8Array;
}

export const LEAF_MAX = 24;
/** 32 bits of mixed key, five a level. */
export const LEVELS = 7;
const HASH_BYTES = 16;

/** The digit of a key at a level. The multiplication is a bijection on 32 bits: different keys differ at some level. */
export function digitOf(key: number, level: number): number {
  return (Math.imul(key, 0x9e3779b1) >>> (level * 5)) & 31;
}

/**
 * Whether a key is one of those that trees hold apart from the others, in the subtree of the first digit 0: the keys of all
 * state but member events, which `StateKeyStore` numbers accordingly. So the few are read without the many.
 */
export function isApart(key: number): boolean {
  return digitOf(key, 0) === 0;
}

/** Where in `children` the digit's subtree is, or would be. */
export function childIndex(digits: number, digit: number): number {
  let below = digits & ((1 << digit) - 1);
  let count = 0;
  for (; below !== 0; below &= below - 1) count++;
  return count;
}

export function hasDigit(digits: number, digit: number): boolean {
  return ((digits >>> digit) & 1) === 1;
}

/** A node with its body and its address. */
export function hashNode(node: StateNode): HashedNode {
  const body = encode(node);
  const hash = createHash('sha256')
    .update(body)
    .digest('hex')
    .slice(0, HASH_BYTES * 2) as StateRoot;
  return { hash, node, body };
}

export function rootToBytes(root: StateRoot): Uint8Array {
  return Buffer.from(root, 'hex');
}

export function rootFromBytes(bytes: Uint8Array): StateRoot {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex') as StateRoot;
}

function encode(node: StateNode): Uint8Array {
  if (node.kind === 'branch') {
    const body = Buffer.alloc(5 + node.children.length * HASH_BYTES);
    body.writeUInt8(1, 0);
    body.writeUInt32LE(node.digits >>> 0, 1);
    node.children.forEach((child, index) => {
      body.write(child, 5 + index * HASH_BYTES, 'hex');
    });
    return body;
  }
  const bytes: number[] = [0];
  let previous = 0;
  node.keys.forEach((key, index) => {
    pushVarint(bytes, key - previous);
    pushVarint(bytes, node.events[index]!);
    previous = key;
  });
  return Uint8Array.from(bytes);
}

export function decodeNode(body: Uint8Array): StateNode {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (bytes[0] === 1) {
    const children: StateRoot[] = [];
    for (let at = 5; at < bytes.length; at += HASH_BYTES) {
      children.push(bytes.toString('hex', at, at + HASH_BYTES) as StateRoot);
    }
    return { kind: 'branch', digits: bytes.readUInt32LE(1), children };
  }
  const keys: number[] = [];
  const events: number[] = [];
  const cursor = { at: 1 };
  let key = 0;
  while (cursor.at < bytes.length) {
    key += readVarint(bytes, cursor);
    keys.push(key);
    events.push(readVarint(bytes, cursor));
  }
  return { kind: 'leaf', keys, events };
}

/** Seven bits a byte, lowest first; plain arithmetic, since numbers go beyond 32 bits. */
function pushVarint(bytes: number[], value: number): void {
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
}

function readVarint(bytes: Buffer, cursor: { at: number }): number {
  let value = 0;
  let factor = 1;
  for (;;) {
    const byte = bytes[cursor.at++]!;
    value += (byte & 127) * factor;
    if (byte < 128) return value;
    factor *= 128;
  }
}
