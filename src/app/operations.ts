import { chmodSync, existsSync, rmSync } from 'node:fs';
import { createServer, type Server as HttpServer, request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { isJsonObject, type JsonObject, type JsonValue } from '#protocol/json.ts';

/** What an operator does to a server from the command line, whether or not it is running. Arguments and answers are JSON. */
export type Operations = Readonly<Record<string, (args: JsonObject) => Promise<JsonValue>>>;

/** How long a running server may take to answer an operation. */
const ANSWER_TIMEOUT_MS = 60_000;
const NOBODY_LISTENS: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOENT', 'FailedToOpenSocket']);

/** The socket by which the command line reaches a running server: in its data folder, for its owner only. */
export const operationsSocket = (dataDir: string): string => join(dataDir, 'operations.sock');

/** Serves operations on the socket until closed. Rejects where there can be no socket, such as on some network drives. */
export async function serveOperations(path: string, operations: Operations): Promise<AsyncDisposable> {
  rmSync(path, { force: true });
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (text: string) => {
      body += text;
    });
    request.on('end', async () => {
      const { status, answer } = await answerOperation(operations, body);
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return { [Symbol.asyncDispose]: () => close(server) };
}

/** Lets what is under way finish; connections that merely stay open do not hold it up. */
function close(server: HttpServer): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}

async function answerOperation(operations: Operations, body: string): Promise<{ status: number; answer: JsonValue }> {
  try {
    const asked: unknown = JSON.parse(body);
    if (!isJsonObject(asked) || typeof asked.operation !== 'string') throw new Error('no operation');
    const operation = Object.hasOwn(operations, asked.operation) ? operations[asked.operation] : undefined;
    if (operation === undefined) throw new Error(`the running server knows no operation ${asked.operation}`);
    return { status: 200, answer: await operation(isJsonObject(asked.args) ? asked.args : {}) };
  } catch (error) {
    return { status: 400, answer: { error: error instanceof Error ? error.message : String(error) } };
  }
}

/**
 * Asks the server that runs on a data folder; `undefined` if none does. Rejects with what the server refuses, and where it
 * cannot be asked though it may be running.
 */
export async function askRunningServer(
  dataDir: string,
  operation: string,
  args: JsonObject,
): Promise<{ readonly answer: JsonValue } | undefined> {
  const path = operationsSocket(dataDir);
  if (!existsSync(path)) return undefined;
  const given = await post(path, JSON.stringify({ operation, args }));
  if (given === undefined) return undefined;
  const answer = JSON.parse(given.body) as JsonValue;
  if (given.status === 200) return { answer };
  throw new Error(isJsonObject(answer) && typeof answer.error === 'string' ? answer.error : given.body);
}

function post(path: string, body: string): Promise<{ status: number; body: string } | undefined> {
  return new Promise((resolve, reject) => {
    const asking = httpRequest({ socketPath: path, method: 'POST', path: '/', agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: text }));
      response.on('error', reject);
    });
    asking.setTimeout(ANSWER_TIMEOUT_MS, () => {
      reject(new Error('the running server does not answer'));
      asking.destroy();
    });
    asking.once('error', (error: Error & { code?: string }) => {
      // A socket that nobody listens on is left from a server that was killed.
      if (NOBODY_LISTENS.has(error.code ?? '')) resolve(undefined);
      else if (error.code === 'EACCES') reject(new Error(`only the user who runs the server may use ${path}`));
      else reject(new Error(`the running server did not answer: ${error.message}`));
    });
    asking.end(body);
  });
}
