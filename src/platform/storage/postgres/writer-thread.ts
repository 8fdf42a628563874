/** The thread that writes to PostgreSQL, so that its protocol's work is off the event loop of the server. */
import { serveWorkerThread } from '#platform/runtime/worker-thread.ts';
import { GroupDecoder } from '../writer/decode-group.ts';
import type { WriterAnswer, WriterRequest } from '../writer/messages.ts';
import type { PostgresConfig } from './connection-options.ts';
import { messageOf } from './postgres-errors.ts';
import { WriteConnection } from './write-connection.ts';

const decoder = new GroupDecoder();
let connection: WriteConnection | undefined;
/** One request at a time, in their order. */
let last: Promise<unknown> = Promise.resolve();

async function answer(request: WriterRequest<PostgresConfig>): Promise<WriterAnswer> {
  if ('open' in request) {
    const opened = new WriteConnection(request.open);
    await opened.open();
    connection = opened;
    return 0;
  }
  if ('close' in request) {
    await connection?.close();
    return 0;
  }
  if (connection === undefined) throw new Error('no database is open');
  return connection.apply(decoder.decode(request));
}

serveWorkerThread<WriterRequest<PostgresConfig>, WriterAnswer>((request, post) => {
  const answered = last.then(() => answer(request));
  last = answered.then(post, (error: unknown) => post({ fatal: messageOf(error) }));
});
