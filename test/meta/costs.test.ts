/**
 * What operations cost, in counts that are the same on every machine: statements, rows, commits, bytes, texts parsed. A change
 * that makes one of them dearer has to say so here. Times are the bench's matter.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import { type ComposedServer, composedServer, type LoggedIn } from '../contracts/composed-server.ts';
import { CostCounter } from './cost-counter.ts';

const counter = new CostCounter();
let folder: string;
let server: ComposedServer;
let alice: LoggedIn;
let members: LoggedIn[];
let roomId: RoomId;
let sent = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'myelin-costs-'));
  server = await composedServer({ engine: 'sqlite', path: join(folder, 'homeserver.db') }, {}, counter);
  alice = await server.user('alice');
  roomId = await createRoom(alice, { preset: 'public_chat' });
  members = [];
  for (let index = 0; index < 10; index++) {
    const member = await server.user(`member${index}`);
    await request(member, 'POST', `/rooms/${encodeURIComponent(roomId)}/join`, {});
    members.push(member);
  }
  for (let index = 0; index < 5; index++) await say(alice);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function request(by: LoggedIn, method: string, path: string, body?: unknown) {
  const answer = await server.send(method, `/_matrix/client/v3${path}`, { token: by.token, body });
  if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
  return answer;
}

async function createRoom(by: LoggedIn, options: object = {}): Promise<RoomId> {
  return (await request(by, 'POST', '/createRoom', options)).json.room_id as RoomId;
}

function say(by: LoggedIn, body = 'hello there') {
  const path = `/rooms/${encodeURIComponent(roomId)}/send/m.room.message/txn${sent++}`;
  return request(by, 'PUT', path, { msgtype: 'm.text', body });
}

const QUIET = '&set_presence=offline';

async function sync(by: LoggedIn, since?: string, more = ''): Promise<{ since: string; text: string }> {
  const { json, text } = await request(by, 'GET', `/sync?timeout=0${QUIET}${more}${since ? `&since=${since}` : ''}`);
  return { since: json.next_batch as string, text };
}

test('a message reads nothing and is durable with one commit of six statements', async () => {
  const cost = await counter.of(() => say(alice));
  expect(cost.readTexts).toEqual([]);
  expect(cost.commits).toBe(1);
  // Event, forward extremity, whom it notifies, transaction id, and that it waits for the search index; one to spare.
  expect(cost.writes).toBeLessThanOrEqual(6);
  expect(cost.bytes).toBeLessThan(2_000);
});

test('messages sent at the same time share a commit', async () => {
  const cost = await counter.of(() => Promise.all(Array.from({ length: 20 }, () => say(alice))));
  expect(cost.commits).toBeLessThanOrEqual(3);
  expect(cost.readTexts).toEqual([]);
});

test('a sync with nothing new reads, writes and parses nothing, in however many rooms', async () => {
  const idler = await server.user('idler');
  for (let index = 0; index < 30; index++) await createRoom(idler, { name: `Room ${index}` });
  const { since } = await sync(idler);
  await sync(idler, since);
  const cost = await counter.of(() => sync(idler, since));
  expect(cost.readTexts).toEqual([]);
  expect(cost.writes).toBe(0);
  // The test itself parses the answer.
  expect(cost.parsed).toBeLessThanOrEqual(2);
});

test('a sync with nothing new for the reader, though others have been busy, reads nothing', async () => {
  const bystander = await server.user('bystander');
  await createRoom(bystander);
  const { since } = await sync(bystander);
  await sync(bystander, since);
  for (let index = 0; index < 10; index++) await say(alice);
  const cost = await counter.of(() => sync(bystander, since));
  expect(cost.readTexts).toEqual([]);
});

test('telling the members of a new message reads nothing, and parses no event', async () => {
  const tokens = new Map<LoggedIn, string>();
  for (const member of members) tokens.set(member, (await sync(member)).since);
  const say2 = async () => {
    await say(alice, 'news');
    for (const member of members) tokens.set(member, (await sync(member, tokens.get(member))).since);
  };
  // The first one makes what the later ones find in memory.
  await say2();
  await say(alice, 'more news');
  const answers: string[] = [];
  const cost = await counter.of(async () => {
    for (const member of members) answers.push((await sync(member, tokens.get(member))).text);
  });
  expect(answers.every((text) => text.includes('more news'))).toBe(true);
  expect(cost.readTexts).toEqual([]);
  expect(cost.writes).toBe(0);
  expect(cost.parsed).toBeLessThanOrEqual(2 * members.length);
});

test('a message to members in long polls is read by none of them from the database', async () => {
  const tokens = await Promise.all(members.map((member) => sync(member)));
  const poll = (by: LoggedIn, since: string) => request(by, 'GET', `/sync?timeout=5000${QUIET}&since=${since}`);
  const round = async (body: string) => {
    const polls = members.map((member, index) => poll(member, tokens[index]!.since));
    await say(alice, body);
    for (const [index, { json, text }] of (await Promise.all(polls)).entries()) {
      tokens[index] = { since: json.next_batch as string, text };
    }
  };
  await round('first');
  const cost = await counter.of(() => round('second'));
  expect(tokens.every(({ text }) => text.includes('second'))).toBe(true);
  expect(cost.readTexts).toEqual([]);
  // The message's own.
  expect(cost.writes).toBeLessThanOrEqual(7);
  expect(cost.commits).toBe(1);
});

test('a membership change in a room of 10,000 writes hardly more than in one of ten', async () => {
  const change = async (size: number) => {
    const room = await createRoom(alice);
    const { engine } = server.parts.rooms;
    const ban = (index: number, membership: string) => ({
      type: 'm.room.member',
      stateKey: `@guest${index}:example.org`,
      sender: alice.userId as UserId,
      content: { membership },
    });
    for (let from = 0; from < size; from += 500) {
      const drafts = Array.from({ length: Math.min(500, size - from) }, (_, index) => ban(from + index, 'ban'));
      await engine.append(room, drafts);
    }
    await engine.send(room, ban(1, 'leave'));
    return counter.of(() => engine.send(room, ban(7, 'leave')));
  };
  const small = await change(10);
  const large = await change(10_000);
  expect(large.writes).toBeLessThanOrEqual(small.writes + 3);
  expect(large.bytes).toBeLessThan(3_000);
  expect(large.bytes).toBeLessThan(4 * small.bytes);
  expect(large.commits).toBe(1);
}, 60_000);

test('a first sync that loads members lazily reads few rows of a room of 2,000', async () => {
  const room = await createRoom(alice, { name: 'Large' });
  const drafts = Array.from({ length: 2_000 }, (_, index) => ({
    type: 'm.room.member',
    stateKey: `@invited${index}:example.org`,
    sender: alice.userId as UserId,
    content: { membership: 'invite' },
  }));
  for (let from = 0; from < drafts.length; from += 500)
    await server.parts.rooms.engine.append(room, drafts.slice(from, from + 500));
  const lazy = `&filter=${encodeURIComponent(JSON.stringify({ room: { state: { lazy_load_members: true } } }))}`;
  const { text } = await sync(alice, undefined, lazy);
  expect(text.length).toBeLessThan(100_000);
  const again = await counter.of(() => sync(alice, undefined, lazy));
  expect(again.rows).toBeLessThan(200);
});
