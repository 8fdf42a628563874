import { createServer, request as httpRequest, type Server as HttpServer } from 'node:http';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { MatrixError } from '#protocol/errors.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '#protocol/json.ts';

/** What an operator does to a server from the command line, whether or not it is running. Arguments and answers are JSON. */
export type Operations = Readonly<Record<string, (args: JsonObject) => Promise<JsonValue>>>;

/** The socket by which the command line reaches a running server: in its data folder, for its owner only. */
export const operationsSocket = (dataDir: string): string => join(dataDir, 'operations.sock');

/** Serves operations on the socket until closed. */
export function serveOperations(path: string, operations: Operations): Promise<HttpServer> {
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
  const mask = process.umask(0o177);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => {
      process.umask(mask);
      resolve(server);
    });
  });
}

async function answerOperation(operations: Operations, body: string): Promise<{ status: number; answer: JsonValue }> {
  try {
    const asked: unknown = JSON.parse(body);
    if (!isJsonObject(asked) || typeof asked.operation !== 'string') throw new Error('no operation');
    const operation = Object.hasOwn(operations, asked.operation) ? operations[asked.operation] : undefined;
    if (operation === undefined) throw new Error(`unknown operation ${asked.operation}`);
    return { status: 200, answer: await operation(isJsonObject(asked.args) ? asked.args : {}) };
  } catch (error) {
    return { status: 400, answer: { error: error instanceof MatrixError ? `${error.errcode}: ${error.message}` : String(error) } };
  }
}

/** Asks the server that runs on a data folder; `undefined` if none does. */
export function askRunningServer(dataDir: string, operation: string, args: JsonObject): Promise<{ readonly answer: JsonValue } | undefined> {
  const path = operationsSocket(dataDir);
  if (!existsSync(path)) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const asking = httpRequest({ socketPath: path, method: 'POST', path: '/' }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text;
      });
      response.on('end', () => {
        const answer = JSON.parse(body) as JsonValue;
        if (response.statusCode === 200) resolve({ answer });
        else reject(new Error(isJsonObject(answer) && typeof answer.error === 'string' ? answer.error : body));
      });
    });
    // A socket that nobody listens on is left from a server that was killed.
    asking.once('error', () => resolve(undefined));
    asking.end(JSON.stringify({ operation, args }));
  });
}
