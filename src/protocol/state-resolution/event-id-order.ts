import type { EventId } from '../identifiers/index.ts';

const FIRST_SURROGATE = 0xd800;
const LAST_SURROGATE = 0xdfff;

/**
 * Event ids by code point, as every server must order them. JavaScript's own `<` goes by UTF-16 unit, which puts U+FFFD after
 * U+10000; event ids of room versions 1 and 2 are free text, so a sender could make servers disagree by it.
 */
export function compareEventIds(a: EventId, b: EventId): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index++) {
    const unitA = a.charCodeAt(index);
    const unitB = b.charCodeAt(index);
    if (unitA !== unitB) return weight(unitA) - weight(unitB);
  }
  return a.length - b.length;
}

/** A surrogate half stands for a code point above every other unit. */
function weight(unit: number): number {
  return unit >= FIRST_SURROGATE && unit <= LAST_SURROGATE ? unit + 0x10000 : unit;
}
