const SURROGATE = /[\ud800-\udfff]/;

/** Whether `text` has a character outside the basic plane (or half of one). */
export function hasSurrogate(text: string): boolean {
  return SURROGATE.test(text);
}

/** Compares by Unicode code point; `<` compares by UTF-16 unit, which puts U+FFFD after U+1F600. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const unitA = a.charCodeAt(index);
    const unitB = b.charCodeAt(index);
    if (unitA !== unitB) return rank(unitA) - rank(unitB);
  }
  return a.length - b.length;
}

/** Moves the surrogates above U+FFFF's unit: the first unit in which two texts differ then decides as code points do. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
