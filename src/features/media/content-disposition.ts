/** Printable ASCII, without what old clients read differently inside quotes: the quote, the backslash and percent escapes. */
const QUOTABLE = /^[\x20-\x7e]*$/;
const AMBIGUOUS = /["\\%]/;
const TOKEN = /^[!#$&'*+.^_`|~0-9A-Za-z-]+$/;

/**
 * A `Content-Disposition` header. Names of plain ASCII are a token or a quoted string, all others `filename*` in UTF-8.
 * https://www.rfc-editor.org/rfc/rfc6266#section-4.1, https://www.rfc-editor.org/rfc/rfc8187#section-3.2
 */
export function contentDisposition(kind: 'inline' | 'attachment', fileName: string | undefined): string {
  if (fileName === undefined || fileName === '') return kind;
  if (TOKEN.test(fileName)) return `${kind}; filename=${fileName}`;
  if (QUOTABLE.test(fileName) && !AMBIGUOUS.test(fileName)) return `${kind}; filename="${fileName}"`;
  return `${kind}; filename*=utf-8''${percentEncode(fileName)}`;
}

/** `encodeURIComponent` leaves some characters that an extended value may not hold. */
function percentEncode(text: string): string {
  return encodeURIComponent(text).replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
