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
  /** Where it came from, if it differs little from that: it is stored as that difference. No part of its address. */
  readonly since?: Since | undefined;
}

/** An earlier branch, and the digits whose subtree is another since. */
export interface Since {
  readonly base: StateRoot;
  /** As bits. */
  readonly digits: number;
}

/** A branch as stored: what it has where it differs from its base. */
export interface BranchChange extends Since {
  readonly kind: 'change';
  /** In order of digit. */
  readonly children: readonly StateRoot[];
}

export type StateNode = Leaf | Branch;

export interface HashedNode {
  readonly hash: StateRoot;
  readonly node: StateNode;
  readonly body: Uint8Array;
  /** What may be stored instead of the body, as long as the base is stored. */
  readonly change: { readonly base: StateRoot; readonly body: Uint8Array } | undefined;
}

export const LEAF_MAX = 24;
/** 32 bits of mixed key, five a level. */
export const LEVELS = 7;
const HASH_BYTES = 16;
/** Digits that a branch may differ in from its base. With more, the changes of a busy room would take as much as its branches. */
const CHANGED_MAX = 7;

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
  return bitsIn(digits & ((1 << digit) - 1));
}

function bitsIn(digits: number): number {
  let count = 0;
  for (let left = digits; left !== 0; left &= left - 1) count++;
  return count;
}

/** The digit whose subtree is at a place in `children`. */
function digitAt(digits: number, index: number): number {
  let left = digits;
  for (let skipped = 0; skipped < index; skipped++) left &= left - 1;
  return 31 - Math.clz32(left & -left);
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
  const { since } = node.kind === 'branch' ? node : {};
  const change = since === undefined ? undefined : { base: since.base, body: encodeChange(node as Branch, since) };
  return { hash, node, body, change };
}

/**
 * How a branch is to be stored that another becomes with other subtrees at some digits: by what differs from the base of that
 * one, or from itself. So whoever reads a branch reads one more at most. `undefined`: whole.
 */
export function sinceOf(from: Branch, root: StateRoot, changed: number, digits: number): Since | undefined {
  const since = { base: from.since?.base ?? root, digits: (from.since?.digits ?? 0) | changed };
  // What is gone cannot be told.
  if ((since.digits & ~digits) !== 0) return undefined;
  const count = bitsIn(since.digits);
  return count <= CHANGED_MAX && 2 * count < bitsIn(digits) ? since : undefined;
}

/** The branch that a change makes of its base. */
export function applyChange(base: StateNode, { base: root, digits, children }: BranchChange): Branch {
  if (base.kind !== 'branch')
    throw new Error(`state node ${root} is no branch, and others are stored by what differs from it`);
  const all: StateRoot[] = [];
  let index = 0;
  for (let digit = 0; digit < 32; digit++) {
    if (hasDigit(digits, digit)) all.push(children[index++]!);
    else if (hasDigit(base.digits, digit)) all.push(base.children[childIndex(base.digits, digit)]!);
  }
  return { kind: 'branch', digits: (base.digits | digits) >>> 0, children: all, since: { base: root, digits } };
}

export function rootToBytes(root: StateRoot): Uint8Array {
  return Buffer.from(root, 'hex');
}

export function rootFromBytes(bytes: Uint8Array): StateRoot {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex') as StateRoot;
}

/** Roughly what a node takes in memory. */
export function sizeOf(node: StateNode): number {
  return node.kind === 'branch' ? 150 + 8 * HASH_BYTES * node.children.length : 150 + 48 * node.keys.length;
}

function encode(node: StateNode): Uint8Array {
  if (node.kind === 'branch') {
    const body = Buffer.alloc(5 + node.children.length * HASH_BYTES);
    body.writeUInt8(1, 0);
    body.writeUInt32LE(node.digits >>> 0, 1);
    writeRoots(body, 5, node.children);
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

function encodeChange({ digits, children }: Branch, since: Since): Uint8Array {
  const changed = children.filter((_, index) => hasDigit(since.digits, digitAt(digits, index)));
  const body = Buffer.alloc(5 + (1 + changed.length) * HASH_BYTES);
  body.writeUInt8(2, 0);
  body.writeUInt32LE(since.digits >>> 0, 1);
  writeRoots(body, 5, [since.base, ...changed]);
  return body;
}

export function decodeNode(body: Uint8Array): StateNode | BranchChange {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  if (bytes[0] === 1) return { kind: 'branch', digits: bytes.readUInt32LE(1), children: readRoots(bytes, 5) };
  if (bytes[0] === 2) {
    const [base, ...children] = readRoots(bytes, 5);
    return { kind: 'change', base: base!, digits: bytes.readUInt32LE(1), children };
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

function writeRoots(body: Buffer, from: number, roots: readonly StateRoot[]): void {
  roots.forEach((root, index) => {
    body.write(root, from + index * HASH_BYTES, 'hex');
  });
}

function readRoots(bytes: Buffer, from: number): StateRoot[] {
  const roots: StateRoot[] = [];
  for (let at = from; at < bytes.length; at += HASH_BYTES) {
    roots.push(bytes.toString('hex', at, at + HASH_BYTES) as StateRoot);
  }
  return roots;
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
