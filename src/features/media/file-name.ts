import { isStorableText } from '#platform/storage/index.ts';
import { invalidParam } from '#protocol/errors.ts';
import { fitsBytes } from '#protocol/identifiers/index.ts';

/** Longer than any file system's, and short enough for a header. */
const MAX_BYTES = 1024;

/** A file name that a client gave, or `undefined` for an empty one. 400 `M_INVALID_PARAM` for what cannot be kept or sent. */
export function checkedFileName(name: string | undefined): string | undefined {
  if (name === undefined || name === '') return undefined;
  if (!isStorableText(name)) throw invalidParam('The file name must not contain U+0000 or a lone surrogate');
  if (!fitsBytes(name, MAX_BYTES)) throw invalidParam(`The file name must not be longer than ${MAX_BYTES} bytes`);
  return name;
}
