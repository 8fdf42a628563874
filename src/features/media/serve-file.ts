import type { RequestInfo } from '#api/endpoint.ts';
import { MatrixError } from '#protocol/errors.ts';
import { type ByteRange, parseRange } from './byte-range.ts';
import { contentDisposition } from './content-disposition.ts';
import { isInline, servedType } from './content-type.ts';
import { noSuchMedia } from './local-media.ts';
import type { StoredFile } from './ports.ts';

/** https://spec.matrix.org/v1.19/client-server-api/#content-repository */
const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy':
    "sandbox; default-src 'none'; script-src 'none'; plugin-types application/pdf; style-src 'unsafe-inline'; " +
    "media-src 'self'; object-src 'self';",
  'X-Content-Security-Policy': 'sandbox;',
  'X-Content-Type-Options': 'nosniff',
  'Cross-Origin-Resource-Policy': 'cross-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Robots-Tag': 'noindex, nofollow, noarchive, noimageindex',
};

/** Kept for a day by clients; shared caches must ask each time, so that quarantine and authentication hold. */
const CACHE_CONTROL = 'public, max-age=86400, s-maxage=0, proxy-revalidate';

export interface Serving {
  readonly request: Pick<RequestInfo, 'method' | 'headers'>;
  /** The same for the same bytes, with its quotes. */
  readonly etag: string;
  /** Called once it is known that the client has not got it already. */
  readonly open: () => Promise<NamedFile | undefined>;
}

export interface NamedFile {
  readonly file: StoredFile;
  /** Its content type, and the name to save it under. */
  readonly type: string;
  readonly fileName: string | undefined;
}

/** Sends a file: 200, 206 for a range, 304 for what the client has. Rejects with 404 without a file, 416 for a range outside of it. */
export async function serveFile({ request, etag, open }: Serving): Promise<Response> {
  const caching = { ...SECURITY_HEADERS, 'Cache-Control': CACHE_CONTROL, ETag: etag };
  if (matches(request.headers.get('If-None-Match'), etag)) return new Response(null, { status: 304, headers: caching });
  const opened = await open();
  if (opened === undefined) throw noSuchMedia();
  const { file, type, fileName } = opened;
  const range = wantedRange(request, file.sizeBytes, etag);
  const { start, end } = range ?? { start: 0, end: file.sizeBytes };
  const headers = {
    ...caching,
    'Content-Type': servedType(type),
    'Content-Disposition': contentDisposition(isInline(type) ? 'inline' : 'attachment', fileName),
    'Content-Length': String(end - start),
    'Accept-Ranges': 'bytes',
    ...(range === undefined ? {} : { 'Content-Range': `bytes ${start}-${end - 1}/${file.sizeBytes}` }),
  };
  const status = range === undefined ? 200 : 206;
  return new Response(request.method === 'HEAD' ? null : file.body(start, end), { status, headers });
}

function wantedRange(request: Serving['request'], sizeBytes: number, etag: string): ByteRange | undefined {
  const condition = request.headers.get('If-Range');
  if (request.method === 'HEAD' || (condition !== null && condition.trim() !== etag)) return undefined;
  const range = parseRange(request.headers.get('Range'), sizeBytes);
  if (range === 'whole') return undefined;
  if (range === 'unsatisfiable') {
    throw new MatrixError('M_INVALID_PARAM', 'The range lies outside of the content', {
      status: 416,
      headers: { 'Content-Range': `bytes */${sizeBytes}` },
    });
  }
  return range;
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2: compared weakly, as a list, `*` for anything. */
function matches(header: string | null, etag: string): boolean {
  if (header === null) return false;
  return header.split(',').some((entry) => {
    const tag = entry.trim();
    return tag === '*' || tag === etag || tag === `W/${etag}`;
  });
}
