import { describe, expect, test } from 'bun:test';
import { searchUserDirectory } from '#api/client/users.ts';
import type { Requester } from '#api/requester.ts';
import type { UserDirectoryConfig } from '#platform/config/index.ts';
import type { UserId } from '#protocol/identifiers/index.ts';
import { roomSummariesIn } from '#test/slices.ts';
import { forEachEngine, type TestEngine } from '#test/storage.ts';
import { createWorld, refusal } from '#test/world.ts';
import { profilesAndDirectory } from '../../../migrations/0005-profiles-and-directory.ts';
import { userDirectoryFeature } from './index.ts';
import { readSearchTerm, wordsOf } from './search-words.ts';

const config: UserDirectoryConfig = {
  enabled: true,
  searchAllUsers: false,
  preferLocalUsers: false,
  excludeRemoteUsers: false,
  showLockedUsers: false,
};

async function setUp(engine: TestEngine, changes: Partial<UserDirectoryConfig> = {}) {
  const world = await createWorld(engine, { migrations: [profilesAndDirectory] });
  roomSummariesIn(world);
  const { reader } = world.storage;
  const make = (about: Partial<UserDirectoryConfig>) =>
    userDirectoryFeature({ reader, serverName: world.serverName, config: { ...config, ...about } });
  const slice = make(changes);
  world.hooks.push(slice.hook);
  const named = async (localpart: string, displayName?: string, avatarUrl?: string) => {
    const user = world.user(localpart);
    await world.streams.commit((batch) => slice.profileChanged(batch, user.userId, { displayName, avatarUrl }));
    return user;
  };
  const remote = (localpart: string) => world.user(localpart, { userId: `@${localpart}:elsewhere.org` as UserId });
  const search = (as: Requester, term: string, limit?: number, routes = slice.routes) =>
    world.call(routes, searchUserDirectory, {
      as,
      body: { search_term: term, ...(limit === undefined ? {} : { limit }) },
    });
  const find = async (as: Requester, term: string, routes = slice.routes) =>
    (await search(as, term, undefined, routes)).results.map((user) => user.user_id.split(':')[0]!.slice(1));
  return { world, named, remote, search, find, make, ...slice };
}

forEachEngine('the user directory', (engine) => {
  test('finds those who share a room with the searcher or are in a public one, and nobody else', async () => {
    const { world, named, find } = await setUp(engine);
    const searcher = await named('searcher');
    const people: Requester[] = [];
    for (const name of ['friend', 'public', 'readable', 'invited', 'left', 'banned', 'stranger']) {
      people.push(await named(`x-${name}`));
    }
    const [friend, inPublic, inReadable, invited, left, banned, stranger] = people as [
      Requester,
      Requester,
      Requester,
      Requester,
      Requester,
      Requester,
      Requester,
    ];
    const shared = await world.room(searcher, { joinRule: 'public' });
    await world.join(shared, friend, left, banned);
    await world.state(shared, searcher, 'm.room.join_rules', { join_rule: 'invite' });
    await world.invite(shared, searcher, invited);
    await world.leave(shared, left);
    await world.ban(shared, searcher, banned);
    await world.room(inPublic, { joinRule: 'public' });
    await world.room(inReadable, { historyVisibility: 'world_readable' });
    await world.room(stranger);
    expect((await find(searcher, 'x')).sort()).toEqual(['x-friend', 'x-public', 'x-readable']);
    expect(await find(stranger, 'x')).toEqual(['x-public', 'x-readable']);
    expect(await find(left, 'friend')).toEqual([]);
    expect(await find(searcher, 'searcher')).toEqual([]);
  });

  test('finds by words of the name, by localpart and by id, whatever case and accents', async () => {
    const { world, named, find, search } = await setUp(engine);
    const searcher = await named('searcher');
    const alice = await named('user-1-alice', 'Alice Coöper 🐸', 'mxc://example.org/a');
    const li = await named('li', '王小明');
    for (const user of [alice, li]) await world.room(user, { joinRule: 'public' });
    for (const term of [
      'alice cooper',
      'COÖP ali',
      'user-1-al',
      '@user',
      '@user-1-alice:exam',
      '@user-1-alice:example.org',
      '🐸',
      ' Alice ',
    ]) {
      expect([term, await find(searcher, term)]).toEqual([term, ['user-1-alice']]);
    }
    for (const term of ['lice', 'alice smith', 'freddy', '@user:elsewhere.org', '%', '_', '', '  ', '!!']) {
      expect([term, await find(searcher, term)]).toEqual([term, []]);
    }
    expect(await find(searcher, '小明')).toEqual(['li']);
    expect((await search(searcher, 'alice')).results).toEqual([
      { user_id: alice.userId, display_name: 'Alice Coöper 🐸', avatar_url: 'mxc://example.org/a' },
    ]);
    expect(await refusal(search(searcher, 'a\0b'))).toBe('400 M_INVALID_PARAM');
  });

  test('a new name replaces the old one, which finds nobody any more', async () => {
    const { world, named, find, profileChanged } = await setUp(engine);
    const searcher = await named('searcher');
    const alice = await named('a', 'Old Name');
    await world.room(alice, { joinRule: 'public' });
    await named('a', 'New Name');
    expect(await find(searcher, 'old')).toEqual([]);
    expect(await find(searcher, 'new')).toEqual(['a']);
    await world.streams.commit((batch) => profileChanged(batch, alice.userId, undefined));
    expect(await find(searcher, 'new')).toEqual([]);
  });

  test('the name that a user has in one room is not told', async () => {
    const { world, named, find } = await setUp(engine);
    const [alice, bob] = [await named('alice', 'Alice Cooper'), await named('bob')];
    const roomId = await world.room(bob, { joinRule: 'public' });
    await world.membership(roomId, alice, alice, 'join', { displayname: 'Freddy' });
    expect(await find(bob, 'freddy')).toEqual([]);
    expect(await find(bob, 'alice')).toEqual(['alice']);
  });

  test('deactivated, excluded and locked users are not found, until they are again', async () => {
    const { world, named, find, make, setHidden } = await setUp(engine);
    const [alice, bob] = [await named('alice'), await named('bob')];
    await world.room(alice, { joinRule: 'public' });
    const hide = (because: Parameters<typeof setHidden>[2], isHidden: boolean) =>
      world.streams.commit((batch) => setHidden(batch, alice.userId, because, isHidden));
    for (const because of ['is_deactivated', 'is_excluded', 'is_locked'] as const) {
      await hide(because, true);
      await named('alice', 'Alice');
      expect(await find(bob, 'alice')).toEqual([]);
      await hide(because, false);
      expect(await find(bob, 'alice')).toEqual(['alice']);
    }
    await hide('is_locked', true);
    expect(await find(bob, 'alice', make({ showLockedUsers: true }).routes)).toEqual(['alice']);
  });

  test('the best come first, as many as asked for', async () => {
    const { world, named, find, search } = await setUp(engine);
    const searcher = await named('searcher');
    for (const [localpart, name] of [
      ['aa', 'Zoe Sam'],
      ['bb', 'Samantha'],
      ['cc', 'Sam'],
      ['sam', undefined],
      ['dd', 'Sam Smith'],
    ] as const) {
      await world.room(await named(localpart, name), { joinRule: 'public' });
    }
    expect(await find(searcher, 'Sam')).toEqual(['cc', 'sam', 'bb', 'dd', 'aa']);
    const some = await search(searcher, 'sam', 2);
    expect([some.results.length, some.limited]).toEqual([2, true]);
    const all = await search(searcher, 'sam', 5);
    expect([all.results.length, all.limited]).toEqual([5, false]);
    expect((await search(searcher, 'sam', -1)).results.length).toBe(1);
  });

  test('users of other servers are found by id, and by the name that they have in public rooms', async () => {
    const { world, named, remote, find, make } = await setUp(engine);
    const [searcher, alice] = [await named('searcher'), await named('alice')];
    const zed = remote('zed');
    const secret = await world.room(searcher);
    await world.invite(secret, searcher, zed);
    await world.membership(secret, zed, zed, 'join', { displayname: 'Secret' });
    expect(await find(searcher, 'secret')).toEqual([]);
    expect(await find(searcher, '@zed:elsewhere.org')).toEqual(['zed']);
    expect(await find(alice, 'zed')).toEqual([]);
    const open = await world.room(searcher, { joinRule: 'public' });
    await world.membership(open, zed, zed, 'join', { displayname: 'Zed Open' });
    expect(await find(alice, 'open')).toEqual(['zed']);
    await world.membership(open, zed, zed, 'join', { displayname: 'Zed Renamed' });
    expect(await find(alice, 'open')).toEqual([]);
    expect(await find(alice, 'renamed')).toEqual(['zed']);
    expect(await find(alice, 'renamed', make({ excludeRemoteUsers: true }).routes)).toEqual([]);
    await world.room(await named('z', 'Zed Renamed'), { joinRule: 'public' });
    expect(await find(alice, 'zed', make({ preferLocalUsers: true }).routes)).toEqual(['z', 'zed']);
  });

  test('it can be switched off, or opened to all', async () => {
    const { world, named, find, search, make } = await setUp(engine);
    const [alice, bob] = [await named('alice'), await named('bob')];
    expect(await find(bob, 'alice')).toEqual([]);
    const all = make({ searchAllUsers: true }).routes;
    expect(await find(bob, 'alice', all)).toEqual(['alice']);
    expect(await find(alice, 'alice', all)).toEqual([]);
    await world.room(alice, { joinRule: 'public' });
    expect(await search(bob, 'alice', 10, make({ enabled: false }).routes)).toEqual({ results: [], limited: false });
    expect(await refusal(search(undefined as never, 'alice'))).toBe('401 M_MISSING_TOKEN');
    expect(await refusal(search(world.user('guest', { isGuest: true }), 'alice'))).toBe('403 M_GUEST_ACCESS_FORBIDDEN');
  });
});

describe('search words', () => {
  test('are bounded, whatever somebody calls themselves', () => {
    expect(wordsOf('@a:b' as UserId, '王'.repeat(255)).length).toBe(40);
    expect(wordsOf('@a:b' as UserId, 'x'.repeat(255))[0]!.length).toBe(64);
    expect(readSearchTerm('a b c d e f g h i j').words.length).toBe(8);
  });
});
