/** In the whole server, since what must not be shared comes from several slices. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { VirtualClock } from '#platform/clock/index.ts';
import { compileFilter } from '#protocol/filters/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import type { StoredEvent } from '#rooms/index.ts';
import { type ComposedServer, composedServer, type LoggedIn } from '#test/contracts/composed-server.ts';
import { type SharedQuery, SharedTimelines } from './shared-timelines.ts';

const ALICE = '@alice:example.org' as UserId;
const BOB = '@bob:example.org' as UserId;
const CAROL = '@carol:example.org' as UserId;
const NOBODY: ReadonlySet<string> = new Set();
const FILTER = compileFilter();
const MESSAGE = { sender: ALICE, isState: false, nid: 1 } as unknown as StoredEvent;
const PART = {
  events: [{ event: MESSAGE, membership: 'join' as const }],
  limited: false,
  hasHidden: false,
  prevBatch: undefined,
};

function query(userId: UserId, about: Partial<SharedQuery> = {}): SharedQuery {
  return { roomNid: 1, request: { userId, filter: FILTER }, since: 5, upTo: 9, ignored: NOBODY, ...about };
}

describe('texts of new messages', () => {
  function setUp() {
    const clock = new VirtualClock();
    const blind = new Set<UserId>();
    const own = new Set<StoredEvent>();
    const stores = {
      visibility: { sawAllJoined: (_events: readonly StoredEvent[], userId: UserId) => !blind.has(userId) },
      clientEvents: { isCommon: (event: StoredEvent) => !own.has(event) },
    };
    const shared = new SharedTimelines(clock);
    return {
      clock,
      blind,
      own,
      offer: (by: SharedQuery, part = PART) => shared.offer(by, part, 'text', stores),
      find: (by: SharedQuery) => shared.find(by, stores)?.text,
    };
  }

  test('are told to whoever asks the same, and to nobody who asks something else', () => {
    const { offer, find } = setUp();
    offer(query(BOB));
    expect(find(query(CAROL))).toBe('text');
    expect(find(query(CAROL, { roomNid: 2 }))).toBeUndefined();
    expect(find(query(CAROL, { since: 4 }))).toBeUndefined();
    expect(find(query(CAROL, { since: undefined }))).toBeUndefined();
    expect(find(query(CAROL, { upTo: 10 }))).toBeUndefined();
    expect(find(query(CAROL, { request: { userId: CAROL, filter: compileFilter() } }))).toBeUndefined();
  });

  test('are not told to their sender, to those who ignore the sender, nor to those who may not see them', () => {
    const { offer, find, blind } = setUp();
    offer(query(BOB));
    expect(find(query(ALICE))).toBeUndefined();
    expect(find(query(CAROL, { ignored: new Set([ALICE]) }))).toBeUndefined();
    blind.add(CAROL);
    expect(find(query(CAROL))).toBeUndefined();
  });

  test('are not kept where they are one reader’s own', () => {
    const { offer, find, own } = setUp();
    offer(query(ALICE));
    offer(query(BOB), { ...PART, limited: true });
    offer(query(BOB), { ...PART, hasHidden: true });
    offer(query(BOB), { ...PART, events: [{ event: MESSAGE, membership: 'invite' as never }] });
    offer(query(BOB), {
      ...PART,
      events: [{ event: { ...MESSAGE, isState: true } as StoredEvent, membership: 'join' }],
    });
    own.add(MESSAGE);
    offer(query(BOB));
    expect(find(query(CAROL))).toBeUndefined();
  });

  test('are forgotten before they say a wrong age', async () => {
    const { clock, offer, find } = setUp();
    offer(query(BOB));
    await clock.advance(1000);
    expect(find(query(CAROL))).toBeUndefined();
  });
});

describe('what readers of the same message are told', () => {
  let folder: string;
  let server: ComposedServer;
  let [alice, bob, carol, dave]: LoggedIn[] = [];
  let roomId: string;
  let sent = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'myelin-shared-'));
    server = await composedServer({ engine: 'sqlite', path: join(folder, 'homeserver.db') });
    [alice, bob, carol, dave] = await Promise.all(['alice', 'bob', 'carol', 'dave'].map((name) => server.user(name)));
    roomId = (await ask(alice!, 'POST', '/createRoom', { preset: 'public_chat' })).room_id as string;
    for (const member of [bob!, carol!, dave!])
      await ask(member, 'POST', `/rooms/${encodeURIComponent(roomId)}/join`, {});
  });

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  async function ask(by: LoggedIn, method: string, path: string, body?: unknown) {
    const answer = await server.send(method, `/_matrix/client/v3${path}`, { token: by.token, body });
    if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.json;
  }

  const inRoom = (path: string) => `/rooms/${encodeURIComponent(roomId)}${path}`;
  const say = (by: LoggedIn, content: object = {}) =>
    ask(by, 'PUT', inRoom(`/send/m.room.message/t${sent++}`), { msgtype: 'm.text', body: 'hello', ...content });

  async function since(by: LoggedIn): Promise<string> {
    return (await ask(by, 'GET', '/sync')).next_batch as string;
  }

  type Told = { readonly event_id: string; readonly unsigned: Record<string, unknown> };

  async function told(by: LoggedIn, from: string, filter = ''): Promise<readonly Told[]> {
    const { rooms } = (await ask(
      by,
      'GET',
      `/sync?since=${from}${filter && `&filter=${encodeURIComponent(filter)}`}`,
    )) as {
      rooms?: { join?: Record<string, { timeline: { events: readonly Told[] } }> };
    };
    return rooms?.join?.[roomId]?.timeline.events ?? [];
  }

  test('only the sending device reads its transaction id, whoever asks first', async () => {
    const from = await since(alice!);
    await say(alice!);
    const other = await server.logIn(alice!.userId);
    const answers = [];
    for (const reader of [bob!, alice!, carol!, other, dave!]) answers.push((await told(reader, from))[0]!.unsigned);
    expect(answers.map(({ transaction_id: id }) => id)).toEqual([
      undefined,
      `t${sent - 1}`,
      undefined,
      undefined,
      undefined,
    ]);
    expect(answers.map(({ membership }) => membership)).toEqual(Array.from({ length: 5 }, () => 'join'));
  });

  test('whoever ignores the sender is not told, and does not keep others from being told', async () => {
    const from = await since(carol!);
    await ask(carol!, 'PUT', `/user/${encodeURIComponent(carol!.userId)}/account_data/m.ignored_user_list`, {
      ignored_users: { [alice!.userId]: {} },
    });
    await say(alice!);
    const counts = [];
    for (const reader of [carol!, bob!, carol!, dave!]) counts.push((await told(reader, from)).length);
    expect(counts).toEqual([0, 1, 0, 1]);
  });

  test('each is told what their filter asks for', async () => {
    const from = await since(bob!);
    await say(alice!);
    const quiet = JSON.stringify({ room: { timeline: { not_types: ['m.room.message'] } } });
    const counts = [];
    for (const filter of ['', quiet, '', quiet]) counts.push((await told(bob!, from, filter)).length);
    expect(counts).toEqual([1, 0, 1, 0]);
  });

  test('who has left is told nothing more', async () => {
    const from = await since(dave!);
    await ask(dave!, 'POST', inRoom('/leave'), {});
    await say(alice!);
    const counts = [];
    for (const reader of [bob!, dave!])
      counts.push((await told(reader, from)).filter(({ unsigned }) => unsigned).length);
    expect(counts[0]).toBe(2);
    expect(counts[1]).toBe(0);
  });

  test('what has an edit or is redacted is told as it is then', async () => {
    const from = await since(bob!);
    const { event_id: edited } = await say(alice!);
    expect(await told(bob!, from)).toHaveLength(1);
    await say(alice!, {
      'm.new_content': { msgtype: 'm.text', body: 'better' },
      'm.relates_to': { rel_type: 'm.replace', event_id: edited },
    });
    expect((await told(bob!, from))[0]!.unsigned['m.relations']).toBeDefined();
    expect((await told(bob!, from))[0]!.unsigned['m.relations']).toBeDefined();
    await ask(alice!, 'PUT', inRoom(`/redact/${encodeURIComponent(edited as string)}/r${sent++}`), {});
    for (const reader of [bob!, carol!, bob!]) {
      const first = (await told(reader, from)).find(({ event_id: id }) => id === edited);
      if (reader === bob!) expect(first!.unsigned.redacted_because).toBeDefined();
    }
  });
});
