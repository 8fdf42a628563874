import { createHash } from 'node:crypto';
import { MatrixError } from '#protocol/errors.ts';
import type { IncomingFile, MediaFiles } from './ports.ts';

/** Bytes hashed and written before the event loop gets a turn: well under a millisecond. */
const SLICE_BYTES = 256 * 1024;

/** An upload's body, and what its request says of it. */
export interface UploadBody {
  readonly stream: ReadableStream<Uint8Array> | null;
  /** The `Content-Length` header, where there is one that counts the bytes of `stream`. */
  readonly declaredBytes: number | undefined;
}

export interface ReceivedUpload {
  readonly file: IncomingFile;
  readonly sizeBytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** 413 `M_TOO_LARGE`. https://spec.matrix.org/v1.19/client-server-api/#content-repo-security-considerations */
const tooLarge = (maxBytes: number): MatrixError =>
  new MatrixError('M_TOO_LARGE', `Cannot upload files larger than ${maxBytes} bytes`);

/**
 * Writes an upload to a nameless file, counting and hashing as it comes: never more than a slice in memory. Rejects with
 * `M_TOO_LARGE` as soon as there is more than `maxBytes`, and with `M_UNKNOWN` when the body breaks off; nothing is left then.
 */
export async function receiveUpload(files: MediaFiles, body: UploadBody, maxBytes: number): Promise<ReceivedUpload> {
  if (body.declaredBytes !== undefined && body.declaredBytes > maxBytes) {
    await body.stream?.cancel();
    throw tooLarge(maxBytes);
  }
  const file = await files.begin();
  try {
    const hash = createHash('sha256');
    let sizeBytes = 0;
    for await (const slice of slices(body.stream)) {
      sizeBytes += slice.length;
      if (sizeBytes > maxBytes) throw tooLarge(maxBytes);
      hash.update(slice);
      await file.write(slice);
    }
    if (body.declaredBytes !== undefined && sizeBytes !== body.declaredBytes) throw brokenOff();
    return { file, sizeBytes, sha256: hash.digest('hex') };
  } catch (error) {
    await file.discard();
    throw error;
  }
}

async function* slices(stream: UploadBody['stream']): AsyncGenerator<Uint8Array> {
  if (stream === null) return;
  const reader = stream.getReader();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await readOrBreakOff(reader);
      ended = done;
      if (done) return;
      for (let at = 0; at < value.length; at += SLICE_BYTES) yield value.subarray(at, at + SLICE_BYTES);
    }
  } finally {
    if (!ended) await reader.cancel().catch(() => undefined);
  }
}

async function readOrBreakOff(reader: ReadableStreamDefaultReader<Uint8Array>) {
  try {
    return await reader.read();
  } catch {
    throw brokenOff();
  }
}

const brokenOff = (): MatrixError => new MatrixError('M_UNKNOWN', 'The upload broke off', { status: 400 });
