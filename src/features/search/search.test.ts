import { expect, test } from 'bun:test';
import { search } from '#api/client/search.ts';
import type { Requester } from '#api/requester.ts';
import { systemClock } from '#platform/clock/index.ts';
import type { Storage } from '#platform/storage/index.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { forEachEngine, type TestEngine } from '#test/storage.ts';
import { createWorld, refusal } from '#test/world.ts';
import { migrations } from '../../../migrations/index.ts';
import { searchFeature } from './index.ts';
import { PendingWords } from './pending-words.ts';
import { readSearchQuery } from './search-query.ts';
import { SearchStore } from './search-store.ts';

interface Found {
  readonly count: number;
  readonly highlights: readonly string[];
  readonly results: readonly { readonly rank: number; readonly result: JsonObject; readonly context?: JsonObject }[];
  readonly next_batch?: string;
  readonly state?: Readonly<Record<string, readonly JsonObject[]>>;
  readonly groups?: Readonly<Record<string, Readonly<Record<string, JsonObject>>>>;
}

async function setup(engine: TestEngine, isEnabled = true) {
  const world = await createWorld(engine);
  const ignoring = new Map<string, ReadonlySet<string>>();
  const { routes, hook, indexPending } = searchFeature({
    ...world.rooms,
    reader: world.storage.reader,
    transactor: world.storage.transactor,
    clock: world.clock,
    relationsOf: async () => new Map(),
    ignoredBy: async (userId) => ignoring.get(userId) ?? new Set(),
    isEnabled,
  });
  world.hooks.push(hook);
  const find = async (as: Requester, term: string, criteria: JsonObject = {}, nextBatch?: string): Promise<Found> => {
    const body = { search_categories: { room_events: { search_term: term, ...criteria } } };
    const query = nextBatch === undefined ? {} : { next_batch: nextBatch };
    return (await world.call(routes, search, { as, query, body })).search_categories.room_events as unknown as Found;
  };
  return {
    world,
    routes,
    indexPending,
    find,
    bodies: async (as: Requester, term: string, criteria: JsonObject = {}) => bodiesOf(await find(as, term, criteria)),
    ignore: (by: Requester, ...users: readonly Requester[]) =>
      ignoring.set(by.userId, new Set(users.map(({ userId }) => userId))),
    indexed: () => countOf(world.storage, engine.dialect === 'sqlite' ? 'search_words_docsize' : 'search_words'),
    pending: () => countOf(world.storage, 'search_pending'),
    alice: world.user('alice'),
    bob: world.user('bob'),
    carol: world.user('carol'),
  };
}

async function countOf({ reader }: Storage, table: string): Promise<number> {
  const row = await reader.first<{ count: number }>({ sql: `select count(*) as count from ${table}`, parameters: [] });
  return Number(row?.count);
}

function bodiesOf({ results }: Found): unknown[] {
  return results.map(({ result }) => {
    const { body, name, topic } = result.content as JsonObject;
    return body ?? name ?? topic;
  });
}

const recent = { order_by: 'recent' };

forEachEngine('search', (engine) => {
  test('it finds an event by what it says, and tells which words', async () => {
    const { world, find, alice } = await setup(engine);
    const roomId = await world.room(alice);
    const message = await world.message(roomId, alice, 'Hello, world');
    await world.message(roomId, alice, 'something else');
    const found = await find(alice, 'hello', { keys: ['content.body'], filter: { rooms: [roomId] } });
    expect(found).toMatchObject({
      count: 1,
      highlights: ['hello'],
      results: [
        { result: { event_id: message, room_id: roomId, type: 'm.room.message', content: { body: 'Hello, world' } } },
      ],
    });
    expect(found.results[0]!.rank).toBeGreaterThan(0);
    expect(found).not.toHaveProperty('next_batch');
    expect(found).not.toHaveProperty('groups');
    expect(await find(alice, 'absent')).toEqual({ count: 0, highlights: [], results: [] });
  });

  test('all words must be there, phrases as they stand, and none of those excluded', async () => {
    const { world, find, bodies, alice } = await setup(engine);
    const roomId = await world.room(alice);
    for (const body of ['big red cat', 'red big dog', 'upgraded servers', '天気がいい']) {
      await world.message(roomId, alice, body);
    }
    const ask = async (term: string) => (await bodies(alice, term, recent)).toReversed();
    expect(await ask('big red')).toEqual(['big red cat', 'red big dog']);
    expect(await ask('"big red"')).toEqual(['big red cat']);
    expect(await ask('big -dog')).toEqual(['big red cat']);
    expect(await ask('cat or dog')).toEqual(['big red cat', 'red big dog']);
    expect(await ask('cat dog')).toEqual([]);
    expect(await ask('BIG-RED')).toEqual(['big red cat']);
    expect(await ask('upgrade server')).toEqual(['upgraded servers']);
    expect((await find(alice, 'upgrade')).highlights).toEqual(['upgraded']);
    expect(await ask('天気')).toEqual(['天気がいい']);
    expect(await ask('気天')).toEqual([]);
  });

  test('no search term makes a search fail', async () => {
    const { world, find, alice } = await setup(engine);
    const roomId = await world.room(alice);
    await world.message(roomId, alice, 'near and or not column words room r1');
    const hostile = [
      '',
      '"',
      "'",
      '\\',
      "a'b",
      'a"b',
      'a:b',
      'a:*',
      'a*',
      '^a',
      'words:a',
      '{words room}:a',
      'a NEAR b',
      'NEAR(a b)',
      'NOT a',
      'AND',
      'OR OR OR',
      'a AND',
      '(((',
      ')',
      'a & | ! b',
      'a <-> b',
      '--',
      '-a',
      '- a',
      "'a':1A",
      ';drop table x',
      '\0',
      'a\0b',
      '\ud800',
      '%',
      '_',
      '?',
      '$1',
      '🍕',
      'x'.repeat(70_000),
      'a '.repeat(20_000),
      '"a '.repeat(5_000),
      '-a or '.repeat(2_000),
      'é'.repeat(3_000),
    ];
    for (const term of hostile) expect((await find(alice, term)).results).toBeArray();
  });

  test('messages, names and topics are searched, each by its key; encrypted events are not', async () => {
    const { world, bodies, indexed, alice } = await setup(engine);
    const roomId = await world.room(alice);
    await world.message(roomId, alice, 'needle body');
    await world.state(roomId, alice, 'm.room.name', { name: 'needle name' });
    await world.state(roomId, alice, 'm.room.topic', { topic: 'needle topic' });
    await world.state(roomId, alice, 'm.other', { body: 'needle other' });
    await world.rooms.engine.send(roomId, {
      type: 'm.room.encrypted',
      sender: alice.userId,
      content: { body: 'needle secret', ciphertext: 'needle' },
    });
    expect(await bodies(alice, 'needle', recent)).toEqual(['needle topic', 'needle name', 'needle body']);
    expect(await bodies(alice, 'needle', { keys: ['content.name'] })).toEqual(['needle name']);
    expect(await bodies(alice, 'needle', { ...recent, keys: ['content.body', 'content.topic'] })).toEqual([
      'needle topic',
      'needle body',
    ]);
    expect(await bodies(alice, 'needle', { keys: [] })).toEqual([]);
    expect(await bodies(alice, 'needle', { keys: ["x'y", 'content.formatted_body', 'a\0b'] })).toEqual([]);
    expect(await indexed()).toBe(3);
  });

  test('what is redacted is found no more, in either order, and leaves the index', async () => {
    const { world, find, bodies, indexed, alice } = await setup(engine);
    for (const version of ['10', '11'] as const) {
      const roomId = await world.room(alice, { version });
      const filter = { rooms: [roomId] };
      const secret = await world.message(roomId, alice, 'is redacted soon');
      const name = await world.state(roomId, alice, 'm.room.name', { name: 'redacted name' });
      await world.message(roomId, alice, 'not redacted');
      await find(alice, 'redacted');
      const before = await indexed();
      await world.redact(roomId, alice, secret);
      await world.redact(roomId, alice, name);
      for (const order of ['rank', 'recent']) {
        expect(await bodies(alice, 'redacted', { order_by: order, filter })).toEqual(['not redacted']);
      }
      expect(await indexed()).toBe(before - 2);
    }
  });

  test('what is redacted before it is indexed never is', async () => {
    const { world, bodies, indexPending, alice } = await setup(engine);
    const roomId = await world.room(alice);
    await indexPending();
    await world.redact(roomId, alice, await world.message(roomId, alice, 'needle early'));
    await world.message(roomId, alice, 'needle');
    await Promise.all([indexPending(), indexPending()]);
    expect(await bodies(alice, 'needle')).toEqual(['needle']);
    const late = await world.message(roomId, alice, 'needle late');
    await indexPending();
    await world.redact(roomId, alice, late);
    expect(await bodies(alice, 'needle')).toEqual(['needle']);
  });

  test('what is redacted while its words are on their way to the index never gets there', async () => {
    const { world, find, indexed, pending, alice } = await setup(engine);
    const roomId = await world.room(alice);
    const secret = await world.message(roomId, alice, 'needle secret');
    await world.message(roomId, alice, 'needle');
    const { reader, transactor } = world.storage;
    const store = new SearchStore({
      dialect: reader.dialect,
      first: (query) => reader.first(query),
      allHeavy: (query) => reader.allHeavy(query),
      async all(query) {
        const rows = await reader.all(query);
        await world.redact(roomId, alice, secret);
        return rows;
      },
    });
    await new PendingWords(store, transactor, world.clock).indexNewest();
    expect([await indexed(), await pending()]).toEqual([1, 0]);
    expect(bodiesOf(await find(alice, 'needle'))).toEqual(['needle']);
  });

  test('what is deleted before it is indexed waits no longer', async () => {
    const { world, indexed, pending, indexPending, alice } = await setup(engine);
    const roomId = await world.room(alice);
    await world.message(roomId, alice, 'needle');
    await world.rooms.purge(roomId);
    await indexPending();
    expect([await indexed(), await pending()]).toEqual([0, 0]);
  });

  test('where very much is pending, a search brings in the newest, and the job the rest', async () => {
    const { world, bodies, pending, indexPending, alice } = await setup(engine);
    const roomId = await world.room(alice);
    await world.message(roomId, alice, 'needle old');
    const drafts = Array.from({ length: 500 }, () => ({
      type: 'm.room.message',
      sender: alice.userId,
      content: { msgtype: 'm.text', body: 'hay' },
    }));
    for (let page = 0; page < 4; page++) await world.rooms.engine.append(roomId, drafts);
    await world.message(roomId, alice, 'needle new');
    expect(await bodies(alice, 'needle')).toEqual(['needle new']);
    expect(await pending()).toBe(2);
    await world.rooms.engine.append(roomId, drafts);
    const run = indexPending();
    // A search meanwhile waits for no more than the portion under way.
    expect((await bodies(alice, 'needle', recent)).length).toBe(2);
    // The job rests between two portions.
    for (let step = 0; step < 50; step++) {
      await Bun.sleep(1);
      await world.clock.advance(10);
    }
    await run;
    expect(await pending()).toBe(0);
  });

  test('messages of a database from before are found, indexed then or not', async () => {
    const config = await engine.newDatabase();
    const before = await engine.reopen(config, { migrations: migrations.slice(0, 12) });
    const isSqlite = engine.dialect === 'sqlite';
    await before.transactor.commit((batch) => {
      const add = (sql: string) => batch.add({ sql, parameters: [] });
      for (const nid of [1, 2]) {
        const columns = 'event_nid, room_nid, key, sender, origin_server_ts, position';
        const row = `${nid}, 1, 'content.body', '@alice:example.org', ${nid}, ${nid}`;
        if (isSqlite) {
          add(`insert into search_events (${columns}) values (${row})`);
          const table = nid === 1 ? 'search_words (rowid,' : 'search_pending (event_nid,';
          add(`insert into ${table} room, words) values (${nid}, 'r1', 'needl')`);
        } else {
          add(`insert into search_events (${columns}, words) values (${row}, 'needl:1'::tsvector)`);
        }
        add(
          'insert into events (event_nid, event_id, room_nid, position, depth, type, sender, origin_server_ts, status, ' +
            `content, rest) values (${nid}, '$${nid}', 1, ${nid}, ${nid}, 'm.room.message', '@alice:example.org', ${nid}, 0, ` +
            `'{"body":"needles"}', '{}')`,
        );
      }
    });
    await before[Symbol.asyncDispose]();
    const { reader, transactor } = await engine.reopen(config);
    const store = new SearchStore(reader);
    const scope = {
      query: readSearchQuery('needle')!,
      userId: '@alice:example.org' as UserId,
      joinedNids: [1],
      leftNids: [],
      keys: ['content.body'],
      senders: undefined,
    };
    expect(await store.count(scope)).toBe(isSqlite ? 1 : 2);
    await new PendingWords(store, transactor, systemClock).indexAll();
    expect(await store.count(scope)).toBe(2);
    expect(await store.pending('oldest', 10)).toEqual([]);
  });

  test('a redaction from another room takes nothing out', async () => {
    const { world, bodies, alice, bob } = await setup(engine);
    const roomId = await world.room(alice);
    const message = await world.message(roomId, alice, 'needle');
    await world.redact(await world.room(bob), bob, message);
    expect(await bodies(alice, 'needle')).toEqual(['needle']);
  });

  test('it goes page by page, by time and by rank, until an empty one', async () => {
    const { world, find, alice } = await setup(engine);
    const roomId = await world.room(alice);
    const sent: string[] = [];
    for (let index = 0; index < 20; index++) {
      await world.clock.advance(1);
      sent.unshift(`Message number ${index}`);
      await world.message(roomId, alice, `Message number ${index}`);
    }
    for (const order of ['recent', 'rank']) {
      const seen: unknown[] = [];
      let token: string | undefined;
      for (const size of [10, 10, 0]) {
        const page: Found = await find(alice, 'message', { order_by: order, filter: { limit: 10 } }, token);
        expect(page.count).toBe(20);
        expect(page.results).toHaveLength(size);
        seen.push(...bodiesOf(page));
        token = page.next_batch;
        expect(token === undefined).toBe(size === 0);
      }
      expect(new Set(seen).size).toBe(20);
      if (order === 'recent') expect(seen).toEqual(sent);
    }
  });

  test('with more matches than are counted one by one it still gives each once', async () => {
    const { world, find, alice } = await setup(engine);
    const roomId = await world.room(alice);
    const drafts = Array.from({ length: 230 }, (_, index) => ({
      type: 'm.room.message',
      sender: alice.userId,
      content: { msgtype: 'm.text', body: `needle ${index}` },
    }));
    await world.rooms.engine.append(roomId, drafts);
    for (const order of ['recent', 'rank']) {
      const seen = new Set<unknown>();
      let token: string | undefined;
      let pages = 0;
      do {
        const page: Found = await find(alice, 'needle', { order_by: order, filter: { limit: 60 } }, token);
        if (page.results.length > 0) expect(page.count).toBe(230);
        for (const body of bodiesOf(page)) seen.add(body);
        token = page.next_batch;
        pages++;
      } while (token !== undefined);
      expect([seen.size, pages]).toEqual([230, 4]);
    }
  });

  test('a token that is none of this search is refused', async () => {
    const { world, find, alice } = await setup(engine);
    const roomId = await world.room(alice);
    await world.message(roomId, alice, 'needle');
    const { next_batch: byTime } = await find(alice, 'needle', { ...recent, filter: { limit: 1 } });
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const bad = [
      byTime!,
      'x',
      '',
      '%',
      encode(7),
      encode([]),
      encode([[-1]]),
      encode([[1.5]]),
      encode([[1], 'x', 'y']),
    ];
    for (const token of bad.filter((one) => one !== '')) {
      expect(await refusal(find(alice, 'needle', { order_by: 'rank' }, token))).toBe('400 M_INVALID_PARAM');
    }
    expect(await refusal(find(alice, 'needle', recent, encode([[1, 2], 'sender', 'a\0b'])))).toBe(
      '400 M_INVALID_PARAM',
    );
  });

  test('the closest comes first by rank', async () => {
    const { world, bodies, alice } = await setup(engine);
    const roomId = await world.room(alice);
    await world.message(roomId, alice, 'needle needle needle');
    await world.message(roomId, alice, 'one needle among a great many other words in a haystack');
    await world.message(roomId, alice, 'nothing');
    expect((await bodies(alice, 'needle'))[0]).toBe('needle needle needle');
    expect((await bodies(alice, 'needle', recent))[0]).toStartWith('one needle');
  });

  test('a filter chooses among what is found', async () => {
    const { world, bodies, alice, bob } = await setup(engine);
    const [one, two] = [await world.room(alice, { joinRule: 'public' }), await world.room(alice)];
    await world.join(one, bob);
    await world.message(one, alice, 'needle 1');
    await world.message(one, bob, 'needle 2');
    await world.message(two, alice, 'needle 3');
    await world.state(two, alice, 'm.room.topic', { topic: 'needle 4' });
    const ask = (filter: JsonObject) => bodies(alice, 'needle', { ...recent, filter });
    expect(await ask({ rooms: [one] })).toEqual(['needle 2', 'needle 1']);
    expect(await ask({ not_rooms: [one] })).toEqual(['needle 4', 'needle 3']);
    expect(await ask({ senders: [bob.userId] })).toEqual(['needle 2']);
    expect(await ask({ not_senders: [alice.userId] })).toEqual(['needle 2']);
    expect(await ask({ types: ['m.room.topic'] })).toEqual(['needle 4']);
    expect(await ask({ limit: 1 })).toEqual(['needle 4']);
    expect(await ask({ types: [] })).toEqual([]);
    expect(await ask({ rooms: [] })).toEqual([]);
    expect(await refusal(ask({ senders: ['nobody'] }))).toBe('400 M_BAD_JSON');
    expect(await ask({ senders: ['@a\0:b', '@\ud800:b'] })).toEqual([]);
  });

  test('each result can be told with what is around it, and how its senders called themselves then', async () => {
    const { world, find, alice } = await setup(engine);
    const roomId = await world.room(alice);
    await world.membership(roomId, alice, alice, 'join', { displayname: 'Then', avatar_url: 'mxc://x/y' });
    for (let index = 1; index <= 7; index++) await world.message(roomId, alice, `Message number ${index}`);
    await world.membership(roomId, alice, alice, 'join', { displayname: 'Now' });
    const {
      results,
      count,
      next_batch: next,
    } = await find(alice, 'Message 4', {
      ...recent,
      filter: { limit: 1 },
      event_context: { before_limit: 2, after_limit: 2, include_profile: true },
    });
    expect([results.length, count, typeof next]).toEqual([1, 1, 'string']);
    expect(results[0]).toMatchObject({
      result: { content: { body: 'Message number 4' } },
      context: {
        events_before: [{ content: { body: 'Message number 3' } }, { content: { body: 'Message number 2' } }],
        events_after: [{ content: { body: 'Message number 5' } }, { content: { body: 'Message number 6' } }],
        profile_info: { [alice.userId]: { displayname: 'Then', avatar_url: 'mxc://x/y' } },
        start: expect.stringMatching(/^t/),
        end: expect.stringMatching(/^t/),
      },
    });
    const [plain] = (await find(alice, 'Message 4', { event_context: {} })).results;
    expect(plain!.context!.events_before).toHaveLength(5);
    expect(plain!.context).not.toHaveProperty('profile_info');
  });

  test('results are grouped by room and by sender, and a group goes on for itself', async () => {
    const { world, find, alice, bob } = await setup(engine);
    const [one, two] = [await world.room(alice, { joinRule: 'public' }), await world.room(alice)];
    await world.join(one, bob);
    const a = await world.message(one, alice, 'needle a');
    const b = await world.message(two, alice, 'needle b');
    const c = await world.message(one, bob, 'needle c');
    const groupings = { group_by: [{ key: 'room_id' }, { key: 'sender' }] };
    const { groups } = await find(alice, 'needle', { ...recent, groupings });
    expect(groups).toMatchObject({
      room_id: { [one]: { results: [c, a], order: 1 }, [two]: { results: [b], order: 2 } },
      sender: { [bob.userId]: { results: [c] }, [alice.userId]: { results: [b, a] } },
    });
    const first = await find(alice, 'needle', { ...recent, groupings, filter: { limit: 1 } });
    const ofRoom = first.groups!.room_id![one]!.next_batch as string;
    const next = await find(alice, 'needle', { ...recent, groupings, filter: { limit: 1 } }, ofRoom);
    expect(bodiesOf(next)).toEqual(['needle a']);
    const bySender = first.groups!.sender![bob.userId]!.next_batch as string;
    expect(bodiesOf(await find(alice, 'needle', recent, bySender))).toEqual([]);
  });

  test('the state of each room is told on request', async () => {
    const { world, find, alice, bob } = await setup(engine);
    const roomId = await world.room(alice, { joinRule: 'public', name: 'old' });
    await world.join(roomId, bob);
    await world.message(roomId, alice, 'needle');
    await world.leave(roomId, bob);
    await world.state(roomId, alice, 'm.room.name', { name: 'new' });
    const nameFor = async (as: Requester) => {
      const { state } = await find(as, 'needle', { include_state: true });
      expect(Object.keys(state!)).toEqual([roomId]);
      return (state![roomId]!.find(({ type }) => type === 'm.room.name')!.content as JsonObject).name;
    };
    expect([await nameFor(alice), await nameFor(bob)]).toEqual(['new', 'old']);
    expect(await find(alice, 'needle')).not.toHaveProperty('state');
  });

  test('whoever asks for a room asks for those it replaced', async () => {
    const { world, bodies, alice, bob } = await setup(engine);
    const old = await world.room(alice, { version: '8' });
    await world.message(old, alice, 'before upgrade');
    const foreign = await world.room(bob);
    await world.message(foreign, bob, 'foreign upgrade');
    const replaces = (roomId: RoomId) => ({ creationContent: { predecessor: { room_id: roomId, event_id: '$x' } } });
    const middle = await world.room(alice, replaces(old));
    const newest = await world.room(alice, replaces(middle));
    await world.message(newest, alice, 'after upgrade');
    const ask = (filter: JsonObject) => bodies(alice, 'upgrade', { ...recent, filter });
    expect(await ask({ rooms: [newest] })).toEqual(['after upgrade', 'before upgrade']);
    expect(await ask({ rooms: [newest], not_rooms: [old] })).toEqual(['after upgrade']);
    const impostor = await world.room(alice, replaces(foreign));
    expect(await ask({ rooms: [impostor] })).toEqual([]);
    const loop = await world.room(alice, { creationContent: { predecessor: { room_id: 7 } } });
    expect(await ask({ rooms: [loop] })).toEqual([]);
  });

  test('nobody finds what they may not see, nor learns how much of it there is', async () => {
    const { world, find, alice, bob, carol } = await setup(engine);
    const [banned, invited, other, forgetful] = ['banned', 'invited', 'other', 'forgetful'].map((name) =>
      world.user(name),
    );
    const roomId = await world.room(alice, { joinRule: 'public', historyVisibility: 'joined' });
    await world.join(roomId, bob, banned!, forgetful!);
    await world.message(roomId, alice, 'needle early');
    await world.leave(roomId, bob, forgetful!);
    await world.ban(roomId, alice, banned!);
    await world.invite(roomId, alice, invited!);
    await world.message(roomId, alice, 'needle late');
    await world.join(roomId, carol);
    await world.message(roomId, alice, 'needle latest');
    const { nid } = (await world.rooms.directory.find(roomId))!;
    await world.storage.transactor.commit((batch) => batch.add(world.rooms.members.forget(nid, forgetful!.userId)));
    const ask = async (as: Requester, criteria: JsonObject = {}) => {
      const found = await find(as, 'needle', { ...recent, event_context: {}, ...criteria });
      return { said: bodiesOf(found), count: found.count, all: JSON.stringify(found) };
    };
    expect(await ask(alice)).toMatchObject({ said: ['needle latest', 'needle late', 'needle early'], count: 3 });
    for (const user of [bob, banned!]) {
      const found = await ask(user, { filter: { rooms: [roomId] } });
      expect(found).toMatchObject({ said: ['needle early'], count: 1 });
      expect(found.all).not.toContain('late');
    }
    expect(await ask(carol)).toMatchObject({ said: ['needle latest'], count: 1 });
    for (const user of [invited!, other!, forgetful!]) {
      expect(await ask(user, { filter: { rooms: [roomId] } })).toMatchObject({ said: [], count: 0 });
    }
    expect(await refusal(find(undefined as never, 'needle'))).toBe('401 M_MISSING_TOKEN');
  });

  test('a room is not searched only because anybody may look into it', async () => {
    const { world, bodies, alice, bob } = await setup(engine);
    const roomId = await world.room(alice, { historyVisibility: 'world_readable' });
    await world.message(roomId, alice, 'needle');
    expect(await bodies(bob, 'needle')).toEqual([]);
    expect(await bodies(bob, 'needle', { filter: { rooms: [roomId] } })).toEqual([]);
  });

  test('what ignored users say is not found', async () => {
    const { world, bodies, ignore, alice, bob } = await setup(engine);
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.join(roomId, bob);
    await world.message(roomId, bob, 'needle unwanted');
    await world.message(roomId, alice, 'needle');
    ignore(alice, bob);
    expect(await bodies(alice, 'needle')).toEqual(['needle']);
  });

  test('many rooms are searched like few', async () => {
    const { world, bodies, alice } = await setup(engine);
    const roomId = await world.room(alice);
    await world.message(roomId, alice, 'needle');
    // Rooms that are nothing but a membership.
    await world.storage.transactor.commit((batch) => {
      for (let nid = 100_000; nid < 100_350; nid++) {
        batch.add({
          sql: "insert into rooms (room_nid, room_id, version) values (?, ?, '11')",
          parameters: [nid, `!r${nid}:example.org`],
        });
        batch.add({
          sql:
            'insert into memberships (room_nid, user_id, membership, sender, event_nid, position, is_local) ' +
            "values (?, ?, 'join', ?, 1, 1, 1)",
          parameters: [nid, alice.userId, alice.userId],
        });
      }
    });
    expect(await bodies(alice, 'needle')).toEqual(['needle']);
  });

  test('a request without a search answers nothing; one that is switched off is refused', async () => {
    const { world, routes, alice } = await setup(engine);
    expect(await world.call(routes, search, { as: alice, query: {}, body: { search_categories: {} } })).toEqual({
      search_categories: {},
    });
    expect(await refusal(world.call(routes, search, { as: alice, query: {}, body: {} }))).toBe('400 M_BAD_JSON');
  });
});

forEachEngine('search switched off', (engine) => {
  test('every search is refused and nothing is indexed', async () => {
    const { world, find, indexed, pending, alice } = await setup(engine, false);
    const roomId = await world.room(alice);
    const message = await world.message(roomId, alice, 'needle');
    await world.redact(roomId, alice, message);
    expect(await refusal(find(alice, 'needle'))).toBe('400 M_UNKNOWN');
    expect([await indexed(), await pending()]).toEqual([0, 0]);
  });
});
