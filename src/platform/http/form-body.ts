import { invalidParam } from '#protocol/errors.ts';
import { tooLarge } from './json-body.ts';

/** What a form of ours can hold at most. */
const MAX_FORM_BYTES = 16 * 1024;

/**
 * The fields of a form that a browser sent. Throws `M_TOO_LARGE` before reading past the limit, `M_INVALID_PARAM` for text
 * that cannot be kept.
 */
export async function readForm(body: ReadableStream<Uint8Array> | null): Promise<URLSearchParams> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of body ?? []) {
    sizeBytes += chunk.byteLength;
    // Leaving the loop cancels the stream.
    if (sizeBytes > MAX_FORM_BYTES) throw tooLarge(MAX_FORM_BYTES);
    chunks.push(chunk);
  }
  const fields = new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
  if ([...fields].flat().some((text) => text.includes('\0'))) throw invalidParam('The form must not hold U+0000');
  return fields;
}
