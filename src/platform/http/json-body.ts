import { MatrixError } from '#protocol/errors.ts';
import type { JsonValue } from '#protocol/json.ts';

/** Objects and arrays may lie within each other this deep: enough for anybody, and no recursion runs out of stack. */
export const MAX_JSON_DEPTH = 256;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

// A byte order mark is kept, so that it is refused: JSON over the network must not start with one (RFC 8259, 8.1).
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** 413 `M_TOO_LARGE`. */
export const tooLarge = (maxBytes: number): MatrixError =>
  new MatrixError('M_TOO_LARGE', `The request body may have at most ${maxBytes} bytes`);

/** The whole body as text. Throws `M_TOO_LARGE` before reading past the limit, `M_NOT_JSON` for what is not UTF-8. */
export async function readBodyText(request: Request, maxBytes: number): Promise<string> {
  const declared = request.headers.get('content-length');
  if (declared !== null && Number(declared) > maxBytes) throw tooLarge(maxBytes);
  const bytes = declared === null ? await readUndeclared(request, maxBytes) : await request.arrayBuffer();
  if (bytes.byteLength === 0) return '';
  try {
    return utf8.decode(bytes);
  } catch {
    throw new MatrixError('M_NOT_JSON', 'The request body is not valid UTF-8');
  }
}

async function readUndeclared({ body }: Request, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of body ?? []) {
    sizeBytes += chunk.byteLength;
    // Leaving the loop cancels the stream.
    if (sizeBytes > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The value of a JSON text. Throws `M_NOT_JSON`, or `M_BAD_JSON` for one that lies deeper than the limit. */
export function parseJson(text: string): JsonValue {
  // Looked at before parsing: the parser itself may run out of stack.
  if (text.length > 2 * MAX_JSON_DEPTH && isTooDeep(text)) {
    throw new MatrixError('M_BAD_JSON', `The JSON is nested deeper than ${MAX_JSON_DEPTH} levels`);
  }
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    throw new MatrixError('M_NOT_JSON', 'The request body is not valid JSON');
  }
}

function isTooDeep(text: string): boolean {
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    // 0x5b 0x7b are [ {, 0x5d 0x7d are ] }.
    if (code === QUOTE) i = endOfString(text, i);
    else if (code === 0x5b || code === 0x7b) {
      depth += 1;
      if (depth > MAX_JSON_DEPTH) return true;
    } else if (code === 0x5d || code === 0x7d) depth -= 1;
  }
  return false;
}

/** The index of the quote that ends the string starting at `start`, or the text's length. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end;
}

function isEscaped(text: string, at: number): boolean {
  let backslashes = 0;
  while (text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes += 1;
  return backslashes % 2 === 1;
}

/** In JSON text, U+0000 and lone surrogates can only stand as escapes: without one of these there are none. */
const SUSPICIOUS_ESCAPE = /\\u(?:0000|[dD][89a-fA-F])/;

/**
 * Throws `M_BAD_JSON` when a string or key of the body holds U+0000 (PostgreSQL cannot store it) or half of a surrogate
 * pair (no UTF-8 can). `text` is the JSON that `value` was parsed from.
 */
export function refuseUnstorableText(text: string, value: JsonValue): void {
  if (SUSPICIOUS_ESCAPE.test(text) && hasUnstorableText(value)) {
    throw new MatrixError('M_BAD_JSON', 'Strings may not hold U+0000 or unpaired surrogates');
  }
}

/** Whether a string or key anywhere in the value holds U+0000 or an unpaired surrogate. */
export function hasUnstorableText(value: JsonValue | undefined): boolean {
  if (typeof value === 'string') return value.includes('\0') || !value.isWellFormed();
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some(hasUnstorableText);
  return Object.entries(value).some(([key, inner]) => hasUnstorableText(key) || hasUnstorableText(inner));
}
