import { JsonText } from '#api/endpoint.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { KeyBackupStore } from './key-backup-store.ts';
import { type SessionKey, toJsonText } from './session-key.ts';

/** Keys read at a time: a backup may hold hundreds of thousands, which are never all in memory. */
const PAGE = 1_000;

/**
 * The keys of a backup as JSON text, in parts: `{"rooms":{...}}`, or `{"sessions":{...}}` of one room. A small
 * backup is one part.
 */
export async function* backupText(
  store: KeyBackupStore,
  userId: UserId,
  version: number,
  roomId: string | undefined,
): AsyncGenerator<string, void> {
  const isWhole = roomId === undefined;
  let open: string | undefined;
  let last: SessionKey | undefined;
  let text = isWhole ? '{"rooms":{' : '{"sessions":{';
  for (;;) {
    const page = await store.page(userId, version, roomId, last, PAGE);
    for (const key of page) {
      if (isWhole && key.roomId !== open) {
        text += `${open === undefined ? '' : '}},'}${JSON.stringify(key.roomId)}:{"sessions":{`;
        open = key.roomId;
      } else if (last !== undefined) {
        text += ',';
      }
      text += `${JSON.stringify(key.sessionId)}:${toJsonText(key)}`;
      last = key;
    }
    if (page.length < PAGE) break;
    yield text;
    text = '';
  }
  yield `${text}${isWhole && open !== undefined ? '}}' : ''}}}`;
}

/** The text as an answer: whole where it is one part, else streamed as fast as the client takes it. */
export async function answerText(parts: AsyncGenerator<string, void>): Promise<JsonText | Response> {
  const [first, second] = [await parts.next(), await parts.next()];
  if (second.done === true) return new JsonText(first.value ?? '');
  const read = [first.value, second.value];
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const text = read.shift() ?? (await parts.next()).value;
      if (text === undefined) controller.close();
      else controller.enqueue(encoder.encode(text));
    },
    async cancel() {
      await parts.return();
    },
  });
  return new Response(body, { headers: { 'Content-Type': 'application/json' } });
}
