import type { StreamPosition } from './ports.ts';

/** The number of a writing process, from 1. */
export type WriterId = number;

/** How far each writer's stream has been read: what a sync token says when there are several writers. */
export type StreamVector = ReadonlyMap<WriterId, StreamPosition>;

const NUMBER = /^(?:0|[1-9][0-9]{0,15})$/;
const MAX_WRITERS = 64;

/** `s123`: the token of a position when there is one writer. */
export function encodeSyncToken(position: StreamPosition): string {
  return `s${position}`;
}

/** The position that `encodeSyncToken` wrote, or `undefined` for any other text. */
export function decodeSyncToken(text: string): StreamPosition | undefined {
  return text.startsWith('s') ? decodeNumber(text.slice(1)) : undefined;
}

/** `s1.123_2.456`: writer 1 up to 123, writer 2 up to 456; the writers ascending, so that equal vectors have equal tokens. */
export function encodeVectorToken(vector: StreamVector): string {
  const entries = [...vector].sort(([a], [b]) => a - b);
  return `s${entries.map(([writer, position]) => `${writer}.${position}`).join('_')}`;
}

/** The vector that `encodeVectorToken` wrote; a token of one writer is a vector of writer 1. `undefined` for any other text. */
export function decodeVectorToken(text: string): StreamVector | undefined {
  const single = decodeSyncToken(text);
  if (single !== undefined) return new Map([[1, single]]);
  if (!text.startsWith('s')) return undefined;
  const parts = text.slice(1).split('_');
  if (parts.length > MAX_WRITERS) return undefined;
  const vector = new Map<WriterId, StreamPosition>();
  let before = 0;
  for (const part of parts) {
    const [writerText, positionText, ...rest] = part.split('.');
    const writer = decodeNumber(writerText);
    const position = decodeNumber(positionText);
    if (writer === undefined || position === undefined || rest.length > 0 || writer <= before) return undefined;
    vector.set(writer, position);
    before = writer;
  }
  return vector;
}

function decodeNumber(text: string | undefined): number | undefined {
  if (text === undefined || !NUMBER.test(text)) return undefined;
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : undefined;
}
