import { expect, test } from 'bun:test';
import {
  deleteAppserviceRoomDirectoryVisibility,
  updateAppserviceRoomDirectoryVisibility,
} from '#api/client/appservice-room-directory.ts';
import { deleteRoomAlias, getLocalAliases, getRoomIdByAlias, setRoomAlias } from '#api/client/directory.ts';
import {
  getPublicRooms,
  getRoomVisibilityOnDirectory,
  queryPublicRooms,
  setRoomVisibilityOnDirectory,
} from '#api/client/list-public-rooms.ts';
import type { Requester } from '#api/requester.ts';
import type { DirectoryRule } from '#platform/config/index.ts';
import type { RoomAlias, RoomId, ServerName } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { roomSummariesIn } from '#test/slices.ts';
import { forEachEngine, type TestEngine } from '#test/storage.ts';
import { createWorld, refusal } from '#test/world.ts';
import { profilesAndDirectory } from '../../../migrations/0005-profiles-and-directory.ts';
import { type DirectoryDeps, directoryFeature, readPublicRooms } from './index.ts';

const rule = (about: Partial<DirectoryRule>): DirectoryRule => ({
  userId: '*',
  alias: '*',
  roomId: '*',
  action: 'allow',
  ...about,
});

const config: DirectoryDeps['config'] = {
  aliasCreationRules: [rule({})],
  roomListPublicationRules: [rule({})],
  enableRoomListSearch: true,
  allowPublicRoomsWithoutAuth: false,
  requireMembershipForAliases: true,
};

async function setUp(
  engine: TestEngine,
  changes: Partial<DirectoryDeps['config']> = {},
  more: Partial<DirectoryDeps> = {},
) {
  const world = await createWorld(engine, { migrations: [profilesAndDirectory] });
  const { summaries } = roomSummariesIn(world);
  const slice = directoryFeature({ ...world, published: summaries, config: { ...config, ...changes }, ...more });
  const { routes } = slice;
  const set = (as: Requester, roomAlias: RoomAlias, roomId: RoomId) =>
    world.call(routes, setRoomAlias, { as, params: { roomAlias }, body: { room_id: roomId } });
  const get = (roomAlias: RoomAlias) => world.call(routes, getRoomIdByAlias, { params: { roomAlias } });
  const remove = (as: Requester, roomAlias: RoomAlias) =>
    world.call(routes, deleteRoomAlias, { as, params: { roomAlias } });
  const list = (as: Requester, roomId: RoomId) => world.call(routes, getLocalAliases, { as, params: { roomId } });
  const publish = (as: Requester, roomId: RoomId, visibility: 'public' | 'private' = 'public') =>
    world.call(routes, setRoomVisibilityOnDirectory, { as, params: { roomId }, body: { visibility } });
  const search = (as: Requester, body: JsonObject = {}) => world.call(routes, queryPublicRooms, { as, body });
  return {
    world,
    published: summaries,
    set,
    get,
    remove,
    list,
    publish,
    search,
    ...slice,
    alice: world.user('alice'),
    bob: world.user('bob'),
    stranger: world.user('stranger'),
  };
}

const alias = '#room:example.org' as RoomAlias;
const other = '#other:example.org' as RoomAlias;

forEachEngine('aliases', (engine) => {
  test('an alias leads to its room until it is deleted', async () => {
    const { world, set, get, remove, list, alice } = await setUp(engine);
    const roomId = await world.room(alice);
    expect(await refusal(get(alias))).toBe('404 M_NOT_FOUND');
    await set(alice, alias, roomId);
    await set(alice, '#老虎Â£я🤨👉ඞ:example.org' as RoomAlias, roomId);
    expect(await get(alias)).toEqual({ room_id: roomId, servers: [world.serverName] });
    expect((await list(alice, roomId)).aliases.length).toBe(2);
    await remove(alice, alias);
    expect(await refusal(get(alias))).toBe('404 M_NOT_FOUND');
    expect(await refusal(remove(alice, alias))).toBe('404 M_NOT_FOUND');
  });

  test('an alias is given once', async () => {
    const { world, set, get, alice } = await setUp(engine);
    const [first, second] = [await world.room(alice), await world.room(alice)];
    const results = await Promise.all([refusal(set(alice, alias, first)), refusal(set(alice, alias, second))]);
    expect(results.sort()).toEqual(['409 M_UNKNOWN', 'no refusal']);
    expect([first, second]).toContain((await get(alias)).room_id);
  });

  test('only members make aliases, and only of this server, with a name, for a room that there is', async () => {
    const { world, set, alice, bob, stranger } = await setUp(engine);
    const roomId = await world.room(alice, { joinRule: 'public' });
    const [invited, banned] = [world.user('invited'), world.user('banned')];
    await world.invite(roomId, alice, invited);
    await world.ban(roomId, alice, banned);
    await world.join(roomId, bob);
    await world.leave(roomId, bob);
    for (const outsider of [stranger, invited, banned, bob]) {
      expect(await refusal(set(outsider, alias, roomId))).toBe('403 M_FORBIDDEN');
    }
    expect(await refusal(set(alice, '#room:elsewhere.org' as RoomAlias, roomId))).toBe('400 M_INVALID_PARAM');
    expect(await refusal(set(alice, '#a b:example.org' as RoomAlias, roomId))).toBe('400 M_INVALID_PARAM');
    expect(await refusal(set(alice, '#:example.org' as RoomAlias, roomId))).toBe('400 M_INVALID_PARAM');
    expect(await refusal(set(alice, alias, '!unknown:example.org' as RoomId))).toBe('404 M_NOT_FOUND');
    expect(await refusal(set(world.user('admin', { isAdmin: true }), alias, roomId))).toBe('no refusal');
  });

  test('the configuration says who may make which aliases, by its first rule that matches', async () => {
    const rules = [
      rule({ userId: '@alice:*', alias: '#bad*', action: 'deny' }),
      rule({ userId: '@ALICE:*' }),
      rule({ alias: '#free*' }),
    ];
    const { world, set, alice, bob } = await setUp(engine, {
      aliasCreationRules: rules,
      requireMembershipForAliases: false,
    });
    const roomId = await world.room(alice);
    expect(await refusal(set(alice, '#bad1:example.org' as RoomAlias, roomId))).toBe('403 M_FORBIDDEN');
    expect(await refusal(set(alice, alias, roomId))).toBe('no refusal');
    expect(await refusal(set(bob, other, roomId))).toBe('403 M_FORBIDDEN');
    expect(await refusal(set(bob, '#free1:example.org' as RoomAlias, roomId))).toBe('no refusal');
  });

  test('an alias is deleted by who made it, by moderators of the room and of the server', async () => {
    const { world, set, remove, alice, bob, stranger } = await setUp(engine);
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.join(roomId, bob);
    await set(alice, alias, roomId);
    expect(await refusal(remove(bob, alias))).toBe('403 M_FORBIDDEN');
    expect(await refusal(remove(stranger, alias))).toBe('403 M_FORBIDDEN');
    await set(bob, other, roomId);
    expect(await refusal(remove(bob, other))).toBe('no refusal');
    await set(bob, other, roomId);
    expect(await refusal(remove(alice, other))).toBe('no refusal');
    await set(bob, other, roomId);
    await world.state(roomId, alice, 'm.room.power_levels', { users: { [alice.userId]: 100, [bob.userId]: 100 } });
    expect(await refusal(remove(bob, alias))).toBe('no refusal');
    await set(alice, alias, roomId);
    await world.leave(roomId, bob);
    expect(await refusal(remove(bob, alias))).toBe('403 M_FORBIDDEN');
    expect(await refusal(remove(world.user('admin', { isAdmin: true }), alias))).toBe('no refusal');
  });

  test('a deleted alias leaves the canonical alias event, where its deleter may change that', async () => {
    const { world, set, remove, alice, bob } = await setUp(engine);
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.join(roomId, bob);
    await set(alice, alias, roomId);
    await set(bob, other, roomId);
    const content = async () => (await (await world.rooms.current.of(roomId))?.get('m.room.canonical_alias'))?.content;
    await world.state(roomId, alice, 'm.room.canonical_alias', { alias, alt_aliases: [alias, other], x: 1 });
    await remove(bob, other);
    expect(await content()).toEqual({ alias, alt_aliases: [alias, other], x: 1 });
    await remove(alice, alias);
    expect(await content()).toEqual({ alt_aliases: [other], x: 1 });
    await set(alice, alias, roomId);
    await world.state(roomId, alice, 'm.room.canonical_alias', { alias });
    await remove(alice, alias);
    expect(await content()).toEqual({});
  });

  test('aliases of a room are told to its members, and to all where all may read it', async () => {
    const { world, list, alice, bob, stranger } = await setUp(engine);
    const roomId = await world.room(alice, { joinRule: 'public' });
    const [invited, banned] = [world.user('invited'), world.user('banned')];
    await world.join(roomId, bob);
    await world.leave(roomId, bob);
    await world.invite(roomId, alice, invited);
    await world.ban(roomId, alice, banned);
    for (const outsider of [stranger, invited, banned, bob]) {
      expect(await refusal(list(outsider, roomId))).toBe('403 M_FORBIDDEN');
    }
    expect(await list(alice, roomId)).toEqual({ aliases: [] });
    expect(await list(world.user('admin', { isAdmin: true }), roomId)).toEqual({ aliases: [] });
    await world.state(roomId, alice, 'm.room.history_visibility', { history_visibility: 'world_readable' });
    expect(await list(stranger, roomId)).toEqual({ aliases: [] });
    expect(await refusal(list(alice, '!unknown:example.org' as RoomId))).toBe('403 M_FORBIDDEN');
  });

  test('a canonical alias must stand for the room, unless it was there before', async () => {
    const { world, set, aliases, alice } = await setUp(engine);
    const [roomId, otherRoom] = [await world.room(alice), await world.room(alice)];
    await set(alice, alias, roomId);
    await set(alice, other, otherRoom);
    const check = (content: JsonObject, before?: JsonObject) =>
      refusal(aliases.checkCanonicalAlias(roomId, content, before));
    for (const content of [{}, { alias }, { alias: null }, { alias: '' }, { alt_aliases: [alias] }]) {
      expect(await check(content)).toBe('no refusal');
    }
    for (const content of [
      { alias: other },
      { alias: '#missing:example.org' },
      { alias: '#far:elsewhere.org' },
      { alias, alt_aliases: [other] },
    ]) {
      expect(await check(content)).toBe('400 M_BAD_ALIAS');
      expect(await check(content, content)).toBe('no refusal');
    }
    for (const content of [{ alias: '%bad:example.org' }, { alias: 7 }, { alt_aliases: ['x'] }, { alt_aliases: 7 }]) {
      expect(await check(content)).toBe('400 M_INVALID_PARAM');
    }
  });

  test('aliases of appservices are theirs, and are asked for when unknown', async () => {
    const { world, set, get, alice } = await (async () => {
      let ask = async (_alias: RoomAlias) => false;
      const appservices = {
        refusalOf: (name: RoomAlias, id: string | undefined) =>
          name.startsWith('#irc_') && id !== 'irc' ? 'exclusive' : undefined,
        query: (name: RoomAlias) => ask(name),
      };
      const made = await setUp(engine, {}, { appservices });
      ask = async (name) => {
        if (!name.startsWith('#irc_')) return false;
        const roomId = await made.world.room(made.alice);
        const room = (await made.world.rooms.directory.find(roomId))!;
        await made.world.streams.commit((batch) => batch.add(made.aliases.insert(made.alice, name, room.nid)));
        return true;
      };
      return made;
    })();
    const roomId = await world.room(alice);
    expect(await refusal(set(alice, '#irc_a:example.org' as RoomAlias, roomId))).toBe('400 M_EXCLUSIVE');
    const bridge = world.user('irc', { appserviceId: 'irc' });
    expect(await refusal(set(bridge, '#irc_a:example.org' as RoomAlias, roomId))).toBe('no refusal');
    expect((await get('#irc_b:example.org' as RoomAlias)).room_id).toMatch(/^!/);
    expect(await refusal(get('#else:example.org' as RoomAlias))).toBe('404 M_NOT_FOUND');
  });

  test('aliases move to the successor of a room, and go with it', async () => {
    const { world, set, get, aliases, alice } = await setUp(engine);
    const [from, to] = [await world.room(alice), await world.room(alice)];
    await set(alice, alias, from);
    const [fromRoom, toRoom] = [(await world.rooms.directory.find(from))!, (await world.rooms.directory.find(to))!];
    await world.streams.commit((batch) => batch.add(aliases.moveAll(fromRoom.nid, toRoom.nid)));
    expect((await get(alias)).room_id).toBe(to);
    await world.streams.commit((batch) => batch.add(aliases.removeRoom(toRoom.nid)));
    expect(await refusal(get(alias))).toBe('404 M_NOT_FOUND');
  });
});

forEachEngine('the room directory', (engine) => {
  test('a room is listed once it is published, as long as it is', async () => {
    const { world, routes, publish, search, alice, stranger } = await setUp(engine);
    const roomId = await world.room(alice, { joinRule: 'public', name: 'Test' });
    const visibility = () => world.call(routes, getRoomVisibilityOnDirectory, { params: { roomId } });
    expect(await visibility()).toEqual({ visibility: 'private' });
    expect((await search(stranger)).chunk).toEqual([]);
    await world.call(routes, setRoomVisibilityOnDirectory, { as: alice, params: { roomId }, body: {} });
    expect(await visibility()).toEqual({ visibility: 'public' });
    const expected = {
      room_id: roomId,
      name: 'Test',
      num_joined_members: 1,
      world_readable: false,
      guest_can_join: false,
      join_rule: 'public',
    };
    expect(await search(stranger)).toEqual({ chunk: [expected], total_room_count_estimate: 1 });
    await publish(alice, roomId, 'private');
    expect((await search(stranger)).chunk).toEqual([]);
    const unknown = { params: { roomId: '!unknown:example.org' as RoomId } };
    expect(await refusal(world.call(routes, getRoomVisibilityOnDirectory, unknown))).toBe('404 M_NOT_FOUND');
  });

  test('only moderators publish a room or take it off', async () => {
    const { world, publish, alice, bob, stranger } = await setUp(engine);
    const roomId = await world.room(alice, { joinRule: 'public' });
    const [invited, banned, left] = [world.user('invited'), world.user('banned'), world.user('left')];
    await world.join(roomId, bob, left);
    await world.leave(roomId, left);
    await world.invite(roomId, alice, invited);
    await world.ban(roomId, alice, banned);
    for (const visibility of ['public', 'private'] as const) {
      for (const outsider of [bob, stranger, invited, banned, left]) {
        expect(await refusal(publish(outsider, roomId, visibility))).toBe('403 M_FORBIDDEN');
      }
    }
    expect(await refusal(publish(alice, '!unknown:example.org' as RoomId))).toBe('404 M_NOT_FOUND');
    expect(await refusal(publish(world.user('admin', { isAdmin: true }), roomId))).toBe('no refusal');
  });

  test('the configuration says which rooms may be published', async () => {
    const rules = [rule({ alias: '#club*' }), rule({ userId: '@bob:*' })];
    const { world, set, publish, alice, bob } = await setUp(engine, { roomListPublicationRules: rules });
    const roomId = await world.room(alice, { joinRule: 'public' });
    expect(await refusal(publish(alice, roomId))).toBe('403 M_FORBIDDEN');
    expect(await refusal(publish(alice, roomId, 'private'))).toBe('no refusal');
    await set(alice, '#club:example.org' as RoomAlias, roomId);
    expect(await refusal(publish(alice, roomId))).toBe('no refusal');
    expect(await refusal(publish(bob, await world.room(bob)))).toBe('no refusal');
    const denied = await setUp(engine, { roomListPublicationRules: [] });
    expect(await refusal(denied.publish(alice, await denied.world.room(alice)))).toBe('403 M_FORBIDDEN');
  });

  test('rooms that nobody outside can get into are not listed', async () => {
    const { world, publish, search, alice, bob, stranger } = await setUp(engine);
    const listed = new Set<string>();
    for (const [joinRule, historyVisibility, isListed] of [
      ['invite', 'shared', false],
      ['restricted', 'shared', false],
      ['invite', 'world_readable', true],
      ['knock', 'shared', true],
      ['knock_restricted', 'shared', true],
    ] as const) {
      const roomId = await world.room(alice, { joinRule, historyVisibility });
      await publish(alice, roomId);
      if (isListed) listed.add(roomId);
    }
    const empty = await world.room(bob, { joinRule: 'public' });
    await publish(bob, empty);
    await world.leave(empty, bob);
    expect(new Set((await search(stranger)).chunk.map((room) => room.room_id as string))).toEqual(listed);
  });

  test('searches find words of name, topic and alias, whatever their case, and take no wildcards', async () => {
    const { world, publish, search, alice } = await setUp(engine);
    const make = async (name: string, state: { type: string; content: JsonObject }[] = []) => {
      const roomId = await world.room(alice, { joinRule: 'public', name, state });
      await publish(alice, roomId);
      return roomId;
    };
    const named = await make('un nom FRANÇAIS');
    const topical = await make('b', [{ type: 'm.room.topic', content: { topic: 'Test Topic Wombles' } }]);
    const percent = await make('100% \\ pure_thing');
    const aliased = await make('d', [{ type: 'm.room.canonical_alias', content: { alias: '#tiger:example.org' } }]);
    const find = async (term: string) =>
      (await search(alice, { filter: { generic_search_term: term } })).chunk.map((room) => room.room_id);
    expect(await find('wombles')).toEqual([topical]);
    expect(await find('Français')).toEqual([named]);
    expect(await find('TIGER')).toEqual([aliased]);
    expect(await find('%')).toEqual([percent]);
    expect(await find('_')).toEqual([percent]);
    expect(await find('\\')).toEqual([percent]);
    expect((await find('')).length).toBe(4);
    expect((await search(alice, { filter: { generic_search_term: 'wombles' } })).total_room_count_estimate).toBe(1);
  });

  test('room types are told apart, null standing for none', async () => {
    const { world, publish, search, alice } = await setUp(engine);
    const plain = await world.room(alice, { joinRule: 'public' });
    const space = await world.room(alice, { joinRule: 'public', type: 'm.space' });
    for (const roomId of [plain, space]) await publish(alice, roomId);
    const find = async (types: (string | null)[]) =>
      (await search(alice, { filter: { room_types: types } })).chunk.map((room) => room.room_id).sort();
    expect(await find([null])).toEqual([plain]);
    expect(await find(['m.space'])).toEqual([space]);
    expect(await find(['m.space', null])).toEqual([plain, space].sort());
    expect(await find(['x'])).toEqual([]);
    expect(await find([])).toEqual([plain, space].sort());
  });

  test('pages lead through all rooms, largest first, and back', async () => {
    const { world, routes, publish, alice } = await setUp(engine);
    const ids: RoomId[] = [];
    for (let size = 0; size < 5; size++) {
      const roomId = await world.room(alice, { joinRule: 'public' });
      for (let member = 0; member < size % 3; member++) await world.join(roomId, world.user(`m${member}`));
      await publish(alice, roomId);
      ids.push(roomId);
    }
    const expected = [2, 4, 1, 3, 0].map((index) => ids[index]!);
    const page = (query: { limit?: number; since?: string }) =>
      world.call(routes, getPublicRooms, { as: alice, query });
    const idsOf = (answer: Awaited<ReturnType<typeof page>>) => answer.chunk.map((room) => room.room_id);
    const first = await page({ limit: 2 });
    expect(idsOf(first)).toEqual(expected.slice(0, 2));
    expect(first.prev_batch).toBeUndefined();
    expect(first.total_room_count_estimate).toBe(5);
    const second = await page({ limit: 2, since: first.next_batch! });
    expect(idsOf(second)).toEqual(expected.slice(2, 4));
    const third = await page({ limit: 2, since: second.next_batch! });
    expect(idsOf(third)).toEqual(expected.slice(4));
    expect(third.next_batch).toBeUndefined();
    const back = await page({ limit: 2, since: third.prev_batch! });
    expect(idsOf(back)).toEqual(expected.slice(2, 4));
    const start = await page({ limit: 2, since: back.prev_batch! });
    expect(idsOf(start)).toEqual(expected.slice(0, 2));
    expect(start.prev_batch).toBeUndefined();
    expect(idsOf(await page({ limit: 2, since: start.next_batch! }))).toEqual(expected.slice(2, 4));
    expect(idsOf(await page({ limit: 0 }))).toEqual(expected);
    expect(await refusal(page({ limit: -1 }))).toBe('400 M_INVALID_PARAM');
    for (const since of ['', 'x', 'n1', `n1_${'9'.repeat(30)}`]) {
      expect(await refusal(page({ since }))).toBe('400 M_INVALID_PARAM');
    }
  });

  test('whether it needs a login is configured, and whether there is one at all', async () => {
    const { world, routes } = await setUp(engine);
    expect(await refusal(world.call(routes, getPublicRooms, {}))).toBe('401 M_MISSING_TOKEN');
    const open = await setUp(engine, { allowPublicRoomsWithoutAuth: true });
    expect((await open.world.call(open.routes, getPublicRooms, {})).chunk).toEqual([]);
    const closed = await setUp(engine, { enableRoomListSearch: false });
    await closed.publish(closed.alice, await closed.world.room(closed.alice, { joinRule: 'public' }));
    expect((await closed.search(closed.alice)).chunk).toEqual([]);
  });

  test('lists of networks are their appservice’s, apart from the server’s own', async () => {
    const { world, routes, publish, search, alice } = await setUp(engine);
    const [own, bridged] = [
      await world.room(alice, { joinRule: 'public' }),
      await world.room(alice, { joinRule: 'public' }),
    ];
    await publish(alice, own);
    const as = world.user('irc', { appserviceId: 'irc' });
    const params = { networkId: 'freenode', roomId: bridged };
    await world.call(routes, updateAppserviceRoomDirectoryVisibility, { as, params, body: {} });
    const find = async (body: JsonObject) => (await search(alice, body)).chunk.map((room) => room.room_id).sort();
    expect(await find({})).toEqual([own]);
    expect(await find({ third_party_instance_id: 'irc|freenode' })).toEqual([bridged]);
    expect(await find({ include_all_networks: true })).toEqual([own, bridged].sort());
    const both = { include_all_networks: true, third_party_instance_id: 'irc|freenode' };
    expect(await refusal(search(alice, both))).toBe('400 M_INVALID_PARAM');
    await world.call(routes, deleteAppserviceRoomDirectoryVisibility, { as, params });
    expect(await find({ third_party_instance_id: 'irc|freenode' })).toEqual([]);
    const unknown = { networkId: 'freenode', roomId: '!unknown:example.org' as RoomId };
    expect(
      await refusal(world.call(routes, updateAppserviceRoomDirectoryVisibility, { as, params: unknown, body: {} })),
    ).toBe('404 M_NOT_FOUND');
  });

  test('other servers are not told of rooms that they cannot join', async () => {
    const { world, publish, alice, published } = await setUp(engine);
    const open = await world.room(alice, { joinRule: 'public' });
    const closed = await world.room(alice, { joinRule: 'public', creationContent: { 'm.federate': false } });
    for (const roomId of [open, closed]) await publish(alice, roomId);
    const ids = async (federatableOnly: boolean) =>
      (await readPublicRooms(published, { federatableOnly })).chunk.map((room) => room.room_id);
    expect(await ids(true)).toEqual([open]);
    expect(await ids(false)).toEqual([closed, open]);
  });

  test('the directory of another server is that server’s to tell', async () => {
    const server = 'elsewhere.org' as ServerName;
    const { world, routes, alice } = await setUp(engine);
    expect(await refusal(world.call(routes, getPublicRooms, { as: alice, query: { server } }))).toBe('404 M_NOT_FOUND');
    const asked: unknown[] = [];
    const remotePublicRooms = async (...args: unknown[]) => {
      asked.push(args);
      return { chunk: [] };
    };
    const remote = await setUp(engine, {}, { remotePublicRooms });
    await remote.world.call(remote.routes, queryPublicRooms, { as: alice, query: { server }, body: { limit: 3 } });
    expect(asked).toMatchObject([[server, { limit: 3 }]]);
  });
});
