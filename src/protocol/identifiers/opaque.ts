/** The longest identifier, sigil and domain included, in bytes. */
export const MAX_ID_BYTES = 255;

/** Whether `text` takes at most `maxBytes` bytes in UTF-8. */
export function fitsBytes(text: string, maxBytes: number): boolean {
  // A UTF-16 unit takes one to three bytes, so that most texts need no counting.
  if (text.length > maxBytes) return false;
  return text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes;
}

/**
 * Whether `text` holds only what an identifier's localpart may hold (`:` is the caller's matter): no NUL and no lone
 * surrogate. Other control characters are legal: refusing them would part us from rooms that hold such identifiers.
 * https://spec.matrix.org/v1.19/appendices/#historical-user-ids
 */
export function isLegalText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}
