import { isStorableText } from '#platform/storage/index.ts';
import { invalidParam } from '#protocol/errors.ts';
import type { SearchPlace } from './search-store.ts';

/** One group of results: those of a room or of a sender. */
export interface SearchGroup {
  readonly key: 'room_id' | 'sender';
  readonly value: string;
}

/** Where a search goes on, and in which group. */
export interface SearchToken {
  readonly place: SearchPlace;
  readonly group: SearchGroup | undefined;
}

const MAX_TOKEN_LENGTH = 2_000;

/** `next_batch` of a search. */
export function encodeSearchToken({ place, group }: SearchToken): string {
  const at = place.order === 'recent' ? [place.timestamp, place.nid] : [place.skip];
  const parts = group === undefined ? [at] : [at, group.key, group.value];
  return Buffer.from(JSON.stringify(parts)).toString('base64url');
}

/** @throws MatrixError 400 `M_INVALID_PARAM` for what is no token of a search in this order. */
export function decodeSearchToken(text: string, order: SearchPlace['order']): SearchToken {
  const parts = parse(text);
  if (!Array.isArray(parts)) throw noToken();
  const [at, key, value] = parts as readonly unknown[];
  const place = readPlace(at, order);
  if (place === undefined) throw noToken();
  if (key === undefined) return { place, group: undefined };
  if ((key !== 'room_id' && key !== 'sender') || typeof value !== 'string' || !isStorableText(value)) throw noToken();
  return { place, group: { key, value } };
}

function parse(text: string): unknown {
  if (text.length > MAX_TOKEN_LENGTH) return undefined;
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString());
  } catch {
    return undefined;
  }
}

function readPlace(at: unknown, order: SearchPlace['order']): SearchPlace | undefined {
  if (!Array.isArray(at) || !at.every((number) => Number.isSafeInteger(number))) return undefined;
  const [first, second] = at as readonly number[];
  if (order === 'recent') {
    return first === undefined || second === undefined ? undefined : { order, timestamp: first, nid: second };
  }
  return first === undefined || first < 0 || second !== undefined ? undefined : { order, skip: first };
}

function noToken() {
  return invalidParam('next_batch is no token of this search');
}
