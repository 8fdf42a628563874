/** Every operation on what belongs to somebody, asked by the owner, by another user and by a server administrator. */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Endpoint } from '#api/endpoint.ts';
import type { JsonObject } from '#protocol/json.ts';
import { allContracts } from '../../tools/generate/contracts.ts';
import { type ComposedServer, composedServer, type LoggedIn } from '../contracts/composed-server.ts';
import { ask, verdictOf } from './ask.ts';
import { ASKERS, ROWS, type UserRow } from './users-table.ts';

/** Stands in all that is the owner's alone. */
const SECRET = 'the-owners-secret';
const BACKUP = {
  algorithm: 'm.megolm_backup.v1.curve25519-aes-sha2',
  auth_data: { public_key: SECRET, signatures: {} },
};

const contracts = new Map((await allContracts()).map(({ endpoint }) => [endpoint.operationId, endpoint]));
const folder = mkdtempSync(join(tmpdir(), 'myelin-access-'));
let server: ComposedServer;
let askers: Record<(typeof ASKERS)[number], LoggedIn>;
let ids: Record<string, string>;

beforeAll(async () => {
  server = await composedServer({ engine: 'sqlite', path: join(folder, 'users.db') });
  askers = {
    self: await server.user('owner'),
    other: await server.user('other'),
    admin: await server.user('admin', { isAdmin: true }),
  };
  ids = await belongings(askers.self);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

/** Gives the owner one of everything, and answers what it is known by. */
async function belongings(owner: LoggedIn): Promise<Record<string, string>> {
  const doing = async (method: string, path: string, body: unknown): Promise<JsonObject> => {
    const answer = await server.send(method, `/_matrix/client/v3${path}`, { token: owner.token, body });
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.json;
  };
  const user = `/user/${encodeURIComponent(owner.userId)}`;
  const { room_id: roomId } = await doing('POST', '/createRoom', {});
  const room = encodeURIComponent(String(roomId));
  const { filter_id: filterId } = await doing('POST', `${user}/filter`, { event_fields: [SECRET] });
  const { version } = await doing('POST', '/room_keys/version', BACKUP);
  for (const type of ['org.example.data', 'org.example.gone']) {
    await doing('PUT', `${user}/account_data/${type}`, { secret: SECRET });
    await doing('PUT', `${user}/rooms/${room}/account_data/${type}`, { secret: SECRET });
  }
  await doing('PUT', `${user}/rooms/${room}/tags/u.${SECRET}`, {});
  await doing('PUT', `/devices/${owner.deviceId}`, { display_name: SECRET });
  await doing('PUT', `/profile/${encodeURIComponent(owner.userId)}/displayname`, { displayname: 'Owner' });
  const media = await server.send('POST', '/_matrix/media/v1/create', { token: owner.token });
  return {
    serverName: 'example.org',
    mediaId: String(media.json.content_uri).split('/').at(-1) ?? '',
    userId: owner.userId,
    deviceId: owner.deviceId,
    roomId: String(roomId),
    filterId: String(filterId),
    version: String(version),
    sessionId: 'session',
    type: 'org.example.data',
  };
}

const nameOf = ({ operation, about }: UserRow): string => (about === undefined ? operation : `${operation}, ${about}`);

for (const row of ROWS) {
  test(nameOf(row), async () => {
    const contract = contracts.get(row.operation) as Endpoint;
    const body = row.body === '$backup' ? { ...BACKUP, version: ids.version } : row.body;
    const verdicts: string[] = [];
    // The owner comes last, so that what is deleted is there for the others to be kept from.
    for (const asker of [...ASKERS].reverse()) {
      const answer = await ask(server, contract, { ...row, body, token: askers[asker].token, ids });
      if (asker !== 'self') expect(answer.text, asker).not.toContain(SECRET);
      verdicts.unshift(verdictOf(answer));
    }
    expect(verdicts).toEqual([...row.verdicts]);
  });
}

test('nothing of it was an error of the server', () => {
  expect(server.errors).toEqual([]);
});
