/** Every operation on a room, asked by everybody who stands to it in some way; and nobody is told what is not for them. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Endpoint } from '#api/endpoint.ts';
import { allContracts } from '../../tools/generate/contracts.ts';
import { type ComposedServer, composedServer } from '../contracts/composed-server.ts';
import { NOT_NOW } from '../contracts/not-now.ts';
import { ask, verdictOf } from './ask.ts';
import {
  EARLY_SECRET,
  LATE_SECRET,
  ROLES,
  type RoomInQuestion,
  roomInQuestion,
  SECRETS_KEPT_FROM,
} from './room-in-question.ts';
import { READS, type RoomRow, WRITES } from './rooms-table.ts';

setDefaultTimeout(30_000);

const contracts = new Map((await allContracts()).map(({ endpoint }) => [endpoint.operationId, endpoint]));
const folder = mkdtempSync(join(tmpdir(), 'myelin-access-'));
/** By default nobody may list a room. */
const PUBLISHABLE = { room_list_publication_rules: [{ action: 'allow' }] };
let server: ComposedServer;
let shared: RoomInQuestion;

beforeAll(async () => {
  server = await composedServer({ engine: 'sqlite', path: join(folder, 'access.db') }, PUBLISHABLE);
  shared = await roomInQuestion(server);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

/** What each role is answered, in order; checks that the answer tells no secret that is not theirs. */
async function verdictsOf(row: RoomRow, room: RoomInQuestion): Promise<string[]> {
  const contract = contracts.get(row.operation) as Endpoint;
  const others = Object.fromEntries(ROLES.map((role) => [role, room.users[role].userId]));
  const verdicts: string[] = [];
  for (const role of ROLES) {
    const { token, userId } = room.users[role];
    const ids = { ...room.ids, ...others, self: userId, role };
    const answer = await ask(server, contract, { ...row, token, ids });
    for (const secret of SECRETS_KEPT_FROM[role])
      expect(answer.text, `${role}: ${row.operation}`).not.toContain(secret);
    verdicts.push(verdictOf(answer));
  }
  return verdicts;
}

const expected = ({ operation, verdicts }: RoomRow): readonly string[] =>
  NOT_NOW.has(operation) ? ROLES.map(() => '404 M_UNRECOGNIZED') : verdicts;

const nameOf = ({ operation, about }: RoomRow): string => (about === undefined ? operation : `${operation}, ${about}`);

describe('reading', () => {
  for (const row of READS) {
    test(nameOf(row), async () => {
      expect(await verdictsOf(row, shared)).toEqual([...expected(row)]);
    });
  }

  test('the secrets are told to those who may know them', async () => {
    const told = async (role: (typeof ROLES)[number]) => {
      const contract = contracts.get('getRoomEvents') as Endpoint;
      const { text } = await ask(server, contract, {
        token: shared.users[role].token,
        query: 'dir=b&limit=100',
        ids: shared.ids,
      });
      return [text.includes(EARLY_SECRET), text.includes(LATE_SECRET)];
    };
    expect(await Promise.all(ROLES.map(told))).toEqual([
      [false, false],
      [false, false],
      [true, false],
      [true, false],
      [true, true],
      [true, true],
    ]);
  });
});

describe('writing', () => {
  for (const row of WRITES) {
    test(nameOf(row), async () => {
      expect(await verdictsOf(row, await roomInQuestion(server))).toEqual([...expected(row)]);
    });
  }
});

test('nothing of it was an error of the server', () => {
  expect(server.errors).toEqual([]);
});
