/**
 * One HTTP/1.1 connection that is kept open, for one request after the other. It shares two cores with the server under
 * measurement, so it does no more than it must: no headers but the needed ones, no streams, and a body is text only when
 * somebody asks.
 */

export interface Answer {
  readonly status: number;
  readonly bytes: number;
  text(): string;
}

interface Pending {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: Error) => void;
}

type Socket = Awaited<ReturnType<typeof Bun.connect>>;

const HEAD_END = Buffer.from('\r\n\r\n');

export class Connection {
  readonly #host: string;
  #socket: Socket | undefined;
  #pending: Pending | undefined;
  #unsent: Buffer | undefined;
  /** What has come of the answer's head, until the head is whole. */
  #head: Buffer | undefined;
  #body: Buffer[] = [];
  #status = 0;
  /** Bytes of the body still to come; -1 while the head is not whole, -2 in a body of chunks. */
  #missing = -1;
  #size = 0;

  private constructor(host: string) {
    this.#host = host;
  }

  static async open(baseUrl: string): Promise<Connection> {
    const { hostname, port, host } = new URL(baseUrl);
    const connection = new Connection(host);
    connection.#socket = await Bun.connect({
      hostname,
      port: Number(port),
      socket: {
        data: (_, chunk) => connection.#receive(chunk as Buffer),
        drain: () => connection.#flush(),
        close: () => connection.#fail(new Error('the server closed the connection')),
        error: (_, error) => connection.#fail(error),
      },
    });
    return connection;
  }

  /** Asks; resolves when the answer has come whole. One request at a time. */
  request(method: string, path: string, token?: string, body?: string): Promise<Answer> {
    if (this.#pending !== undefined) throw new Error('a request is under way on this connection');
    const authorization = token === undefined ? '' : `\r\nAuthorization: Bearer ${token}`;
    const entity =
      body === undefined ? '' : `\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}`;
    this.#unsent = Buffer.from(
      `${method} ${path} HTTP/1.1\r\nHost: ${this.#host}${authorization}${entity}\r\n\r\n${body ?? ''}`,
    );
    return new Promise((resolve, reject) => {
      this.#pending = { resolve, reject };
      this.#flush();
    });
  }

  close(): void {
    this.#fail(new Error('the connection was closed'));
    this.#socket?.end();
  }

  #flush(): void {
    if (this.#unsent === undefined || this.#socket === undefined) return;
    const written = this.#socket.write(this.#unsent);
    this.#unsent = written < this.#unsent.length ? this.#unsent.subarray(Math.max(0, written)) : undefined;
  }

  #receive(chunk: Buffer): void {
    if (this.#missing === -1) this.#receiveHead(chunk);
    else this.#receiveBody(chunk);
  }

  #receiveHead(chunk: Buffer): void {
    const head = this.#head === undefined ? chunk : Buffer.concat([this.#head, chunk]);
    const end = head.indexOf(HEAD_END);
    if (end === -1) {
      this.#head = Buffer.from(head);
      return;
    }
    this.#head = undefined;
    this.#status = (head[9]! - 48) * 100 + (head[10]! - 48) * 10 + (head[11]! - 48);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head.toString('latin1', 0, end))?.[1];
    this.#missing = length === undefined ? -2 : Number(length);
    this.#size = 0;
    this.#receiveBody(head.subarray(end + 4));
  }

  #receiveBody(chunk: Buffer): void {
    if (chunk.length > 0) {
      // The runtime may use a chunk's memory again.
      this.#body.push(Buffer.from(chunk));
      this.#size += chunk.length;
    }
    if (this.#missing >= 0) {
      if (this.#size >= this.#missing) this.#finish(this.#body);
      return;
    }
    const parts = chunksOf(this.#body);
    if (parts !== undefined) this.#finish(parts);
  }

  #finish(parts: Buffer[]): void {
    const pending = this.#pending;
    const status = this.#status;
    const bytes = this.#size;
    this.#pending = undefined;
    this.#body = [];
    this.#missing = -1;
    pending?.resolve({
      status,
      bytes,
      text: () => (parts.length === 1 ? parts[0]! : Buffer.concat(parts)).toString(),
    });
  }

  #fail(error: Error): void {
    this.#pending?.reject(error);
    this.#pending = undefined;
  }
}

/** The parts of a chunked body, or `undefined` while it is not whole. https://www.rfc-editor.org/rfc/rfc9112#section-7.1 */
function chunksOf(received: Buffer[]): Buffer[] | undefined {
  const last = received.at(-1);
  if (last === undefined || !last.includes('\n')) return undefined;
  const all = Buffer.concat(received);
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = all.indexOf('\r\n', at);
    if (lineEnd === -1) return undefined;
    const size = Number.parseInt(all.toString('latin1', at, lineEnd), 16);
    if (size === 0) return parts;
    at = lineEnd + 2 + size + 2;
    if (at > all.length) return undefined;
    parts.push(all.subarray(lineEnd + 2, at - 2));
  }
}
