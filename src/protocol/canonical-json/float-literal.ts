const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const DOT = 0x2e;
const LETTER_E = 0x65;
const ZERO = 0x30;
const NINE = 0x39;

/**
 * Whether valid JSON text holds a number written with a fraction or an exponent (`1.0`, `1e3`). Room versions 6 and later
 * refuse them even where the value is whole, which `JSON.parse` no longer shows.
 */
export function hasFloatLiteral(jsonText: string): boolean {
  for (let index = 0; index < jsonText.length; index += 1) {
    const unit = jsonText.charCodeAt(index);
    if (unit === QUOTE) {
      index = endOfString(jsonText, index);
    } else if (unit === DOT || ((unit | 0x20) === LETTER_E && isDigit(jsonText.charCodeAt(index - 1)))) {
      // Outside strings a dot stands in numbers only; an `e` also in `true` and `false`.
      return true;
    }
  }
  return false;
}

/** The index of the quote that closes the string opened at `start`; the end of the text if nothing does. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end < 0 ? text.length : end;
}

function isEscaped(text: string, index: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(index - 1 - backslashes) === BACKSLASH) backslashes += 1;
  return backslashes % 2 === 1;
}

function isDigit(unit: number): boolean {
  return unit >= ZERO && unit <= NINE;
}
