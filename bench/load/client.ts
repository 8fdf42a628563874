import { Connection } from './connection.ts';

/** A user's client on a connection of its own. */
export class Client {
  private constructor(
    private readonly connection: Connection,
    readonly token: string,
  ) {}

  static async open(baseUrl: string, token: string): Promise<Client> {
    return new Client(await Connection.open(baseUrl), token);
  }

  /** The answer's text; throws for one that is no success. */
  async text(method: string, path: string, body?: unknown): Promise<string> {
    const answer = await this.connection.request(
      method,
      path,
      this.token,
      body === undefined ? undefined : JSON.stringify(body),
    );
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${answer.text().slice(0, 300)}`);
    return answer.text();
  }

  /** As `text`, of which only the size is looked at. */
  async size(method: string, path: string): Promise<number> {
    const answer = await this.connection.request(method, path, this.token);
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${answer.text().slice(0, 300)}`);
    return answer.bytes;
  }

  async json(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    return JSON.parse(await this.text(method, path, body)) as Record<string, unknown>;
  }

  async createRoom(options: Record<string, unknown> = {}): Promise<string> {
    return (await this.json('POST', '/_matrix/client/v3/createRoom', options)).room_id as string;
  }

  async join(roomId: string): Promise<void> {
    await this.text('POST', `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/join`, {});
  }

  async send(roomId: string, txnId: string, text: string): Promise<void> {
    await this.text('PUT', `/_matrix/client/v3/rooms/${encodeURIComponent(roomId)}/send/m.room.message/${txnId}`, {
      msgtype: 'm.text',
      body: text,
    });
  }

  close(): void {
    this.connection.close();
  }
}

/** Runs `task` for each number below `count`, `width` at a time. */
export async function forEachOf(count: number, width: number, task: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: Math.min(width, count) }, async () => {
      for (let index = next++; index < count; index = next++) await task(index);
    }),
  );
}
