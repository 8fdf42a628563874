/** Content types of media: what is kept of an upload's header, what is sent back, and what browsers may show in place. */

const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const QUOTED = '"(?:[^"\\\\\\x00-\\x1f\\x7f-\\uffff]|\\\\[\\x20-\\x7e])*"';
const GRAMMAR = new RegExp(`^${TOKEN}/${TOKEN}(?:[ \\t]*;(?:[ \\t]*${TOKEN}=(?:${TOKEN}|${QUOTED}))?)*$`);
const MAX_LENGTH = 255;

export const OCTET_STREAM = 'application/octet-stream';

/** https://spec.matrix.org/v1.19/client-server-api/#serving-inline-content */
const INLINE: ReadonlySet<string> = new Set([
  'text/css',
  'text/plain',
  'text/csv',
  'application/json',
  'application/ld+json',
  'image/jpeg',
  'image/gif',
  'image/png',
  'image/apng',
  'image/webp',
  'image/avif',
  'video/mp4',
  'video/webm',
  'video/ogg',
  'video/quicktime',
  'audio/mp4',
  'audio/webm',
  'audio/aac',
  'audio/mpeg',
  'audio/ogg',
  'audio/wave',
  'audio/wav',
  'audio/x-wav',
  'audio/x-pn-wav',
  'audio/flac',
  'audio/x-flac',
]);

/** Text that is UTF-8 unless it says otherwise. */
const TEXT: ReadonlySet<string> = new Set([
  'text/css',
  'text/csv',
  'text/html',
  'text/calendar',
  'text/plain',
  'text/javascript',
  'application/json',
  'application/ld+json',
  'application/rtf',
  'image/svg+xml',
  'text/xml',
]);

/** The content type of an upload: the header as sent, or `application/octet-stream` for none and for what is no content type. */
export function uploadedType(header: string | null): string {
  const type = header?.trim() ?? '';
  return type.length <= MAX_LENGTH && GRAMMAR.test(type) ? type : OCTET_STREAM;
}

/** The `Content-Type` to serve: as uploaded, with a charset for text that names none. */
export const servedType = (type: string): string => (TEXT.has(type.toLowerCase()) ? `${type}; charset=UTF-8` : type);

/** Whether a browser may show it in place. Parameters and case do not count. */
export const isInline = (type: string): boolean => INLINE.has((type.split(';', 1)[0] ?? '').trim().toLowerCase());
