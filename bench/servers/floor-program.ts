/**
 * The floor: the least that a send can be. HTTP, a token, canonical JSON, two SHA-256, one Ed25519 signature, a durable append
 * of four rows with group commit and fsync. No auth rules, no push, no reading. Every homeserver does more; how much more it
 * costs is what the bench compares. Run with a database path and a port.
 */
import { Database } from 'bun:sqlite';
import { createHash, generateKeyPairSync, sign } from 'node:crypto';

const [path, port] = process.argv.slice(2);

if (Bun.isMainThread) {
  const { privateKey } = generateKeyPairSync('ed25519');
  const writer = new Worker(import.meta.url, { argv: [path!] } as WorkerOptions);
  interface Waiting {
    readonly rows: readonly unknown[];
    readonly done: () => void;
  }
  let waiting: Waiting[] = [];
  let writing: Waiting[] | undefined;
  const flush = (): void => {
    if (writing !== undefined || waiting.length === 0) return;
    writing = waiting;
    waiting = [];
    writer.postMessage(writing.map(({ rows }) => rows));
  };
  writer.onmessage = () => {
    for (const { done } of writing ?? []) done();
    writing = undefined;
    flush();
  };
  const append = (rows: readonly unknown[]): Promise<void> =>
    new Promise((done) => {
      waiting.push({ rows, done });
      flush();
    });

  let previous = '$none';
  let depth = 0;
  Bun.serve({
    hostname: '127.0.0.1',
    port: Number(port),
    async fetch(request) {
      const { pathname } = new URL(request.url);
      if (request.method === 'GET') return Response.json({ versions: ['v1.19'], next_batch: 's1' });
      if (pathname.endsWith('/register')) return Response.json({ access_token: 'floor', user_id: '@floor:floor' });
      if (pathname.endsWith('/createRoom')) return Response.json({ room_id: '!floor:floor' });
      if (request.headers.get('authorization') !== 'Bearer floor') return new Response('{}', { status: 401 });
      const content = (await request.json()) as Record<string, unknown>;
      const event: Record<string, unknown> = {
        auth_events: [],
        content,
        depth: ++depth,
        origin_server_ts: Date.now(),
        prev_events: [previous],
        room_id: '!floor:floor',
        sender: '@floor:floor',
        type: 'm.room.message',
      };
      event.hashes = { sha256: sha256(canonical(event)) };
      const text = canonical({ ...event, content: {} });
      event.signatures = { floor: { 'ed25519:1': sign(null, Buffer.from(text), privateKey).toString('base64') } };
      const eventId = `$${sha256(text)}`;
      previous = eventId;
      await append([eventId, JSON.stringify(event), pathname.slice(pathname.lastIndexOf('/') + 1), depth]);
      return Response.json({ event_id: eventId });
    },
  });
} else {
  const database = new Database(process.argv[2] ?? path!, { create: true });
  for (const pragma of ['journal_mode = wal', 'synchronous = full']) database.exec(`pragma ${pragma}`);
  for (const table of ['events', 'edges', 'transactions', 'streams'])
    database.exec(`create table if not exists ${table} (id text, body text, position integer)`);
  const inserts = ['events', 'edges', 'transactions', 'streams'].map((table) =>
    database.query(`insert into ${table} values (?, ?, ?)`),
  );
  self.onmessage = ({ data }: MessageEvent<[string, string, string, number][]>) => {
    database.exec('begin immediate');
    for (const [eventId, body, txnId, position] of data) {
      inserts[0]!.run(eventId, body, position);
      inserts[1]!.run(eventId, null, position);
      inserts[2]!.run(txnId, eventId, position);
      inserts[3]!.run('stream', null, position);
    }
    database.exec('commit');
    postMessage(null);
  };
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join(',')}}`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('base64url');
}
