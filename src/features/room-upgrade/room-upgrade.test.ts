import { expect, test } from 'bun:test';
import { upgradeRoom } from '#api/client/room-upgrades.ts';
import type { Requester } from '#api/requester.ts';
import type { RoomAlias, RoomId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import type { RoomVersion } from '#protocol/room-versions/index.ts';
import { forEachEngine, type TestEngine } from '#test/storage.ts';
import { createWorld, eventually, refusal } from '#test/world.ts';
import { roomUpgradeFeature } from './index.ts';

async function setup(engine: TestEngine, aliases: readonly string[] = []) {
  const world = await createWorld(engine);
  const followed: string[] = [];
  const moved: string[] = [];
  const listed = new Set<number>();
  const { engine: rooms, directory, members, current } = world.rooms;
  const nidOf = async (roomId: RoomId) => (await world.rooms.directory.find(roomId))!.nid;
  const feature = roomUpgradeFeature({
    engine: rooms,
    rooms: directory,
    members,
    current,
    clock: world.clock,
    serverName: world.serverName,
    directory: {
      aliasesOf: async () => aliases as RoomAlias[],
      isPublished: async (roomId) => listed.has(await nidOf(roomId)),
      moveAliases: (_batch, from, to) => void moved.push(`${from} ${to}`),
      setPublished: (_batch, nid, isPublished) => void (isPublished ? listed.add(nid) : listed.delete(nid)),
    },
    joinContent: async () => ({ membership: 'join', displayname: 'Me' }),
    onRoomUpgraded: async (from, to, users) => void followed.push(`${from} ${to} ${users}`),
    report: (error) => {
      throw error;
    },
  });
  world.hooks.push(...feature.hooks);
  const upgrade = async (as: Requester, roomId: RoomId, version: string, creators?: string[]) => {
    const body = { new_version: version, ...(creators !== undefined && { additional_creators: creators }) };
    return (await world.call(feature.routes, upgradeRoom, { as, params: { roomId }, body })).replacement_room;
  };
  const content = async (roomId: RoomId, type: string, key = '') =>
    (await (await world.rooms.current.of(roomId))!.get(type, key))?.content;
  const [alice, bob, carol] = [world.user('alice'), world.user('bob'), world.user('carol')];
  return { world, nidOf, upgrade, content, followed, moved, listed, alice, bob, carol };
}

forEachEngine('room upgrades', (engine) => {
  for (const [from, to] of [
    ['1', '2'],
    ['2', '11'],
    ['10', '12'],
    ['11', '10'],
    ['12', '12'],
    ['12', '11'],
  ] as const) {
    test(`a room of version ${from} is replaced by one of version ${to} that it points to and that points back`, async () => {
      const { world, upgrade, content, alice, bob } = await setup(engine);
      const old = await world.room(alice, {
        version: from as RoomVersion,
        joinRule: 'public',
        historyVisibility: 'joined',
        name: 'Name',
        state: [
          { type: 'm.room.topic', content: { topic: 'T' } },
          { type: 'm.room.server_acl', content: { allow: ['*'] } },
          { type: 'm.room.guest_access', content: { guest_access: 'can_join' } },
          { type: 'org.custom', content: { not: 'copied' } },
        ],
      });
      await world.ban(old, alice, bob);
      const next = await upgrade(alice, old, to);
      const tombstone = (await (await world.rooms.current.of(old))!.get('m.room.tombstone'))!;
      expect(tombstone.content.replacement_room).toBe(next);
      const create = await content(next, 'm.room.create');
      expect(create?.room_version).toBe(to);
      const predecessor = create?.predecessor as JsonObject;
      expect(predecessor.room_id).toBe(old);
      if (to === '12') expect(predecessor).not.toHaveProperty('event_id');
      else if (from === '1' || from === '2') expect(predecessor.event_id).toBeString();
      else expect(predecessor.event_id).toBe(tombstone.eventId);
      expect(await content(next, 'm.room.name')).toEqual({ name: 'Name' });
      expect(await content(next, 'm.room.topic')).toEqual({ topic: 'T' });
      expect(await content(next, 'm.room.join_rules')).toEqual({ join_rule: 'public' });
      expect(await content(next, 'm.room.history_visibility')).toEqual({ history_visibility: 'joined' });
      expect(await content(next, 'm.room.guest_access')).toEqual({ guest_access: 'can_join' });
      expect(await content(next, 'm.room.server_acl')).toEqual({ allow: ['*'] });
      expect(await content(next, 'm.room.member', bob.userId)).toEqual({ membership: 'ban' });
      expect(await content(next, 'm.room.member', alice.userId)).toEqual({ membership: 'join', displayname: 'Me' });
      expect(await content(next, 'org.custom')).toBeUndefined();
      // The old room is closed to all but moderators.
      expect(await content(old, 'm.room.power_levels')).toMatchObject({ events_default: 50, invite: 50 });
    });
  }

  test('only who may send the tombstone upgrades a room', async () => {
    const { world, upgrade, alice, bob } = await setup(engine);
    const roomId = await world.room(alice, { joinRule: 'public' });
    const tried = (as: Requester) => refusal(upgrade(as, roomId, '12'));
    expect(await tried(bob)).toBe('403 M_FORBIDDEN');
    await world.invite(roomId, alice, bob);
    expect(await tried(bob)).toBe('403 M_FORBIDDEN');
    await world.join(roomId, bob);
    expect(await tried(bob)).toBe('403 M_FORBIDDEN');
    await world.leave(roomId, bob);
    expect(await tried(bob)).toBe('403 M_FORBIDDEN');
    await world.ban(roomId, alice, bob);
    expect(await tried(bob)).toBe('403 M_FORBIDDEN');
    expect((await world.rooms.joined.of(bob.userId)).size).toBe(0);
    expect(await refusal(upgrade(alice, roomId, 'none'))).toBe('400 M_UNSUPPORTED_ROOM_VERSION');
    expect(await refusal(upgrade(alice, '!none:example.org' as RoomId, '12'))).toBe('404 M_NOT_FOUND');
    expect(await refusal(upgrade({ ...alice, isShadowBanned: true }, roomId, '12'))).toBe('403 M_FORBIDDEN');
    expect(await refusal(upgrade(alice, roomId, '12', ['nobody']))).toBe('400 M_BAD_JSON');
  });

  test('creators of the new room are not in its list of users, moderators are', async () => {
    const { world, upgrade, content, alice, bob, carol } = await setup(engine);
    const roomId = await world.room(alice, {
      version: '11',
      joinRule: 'public',
      powerLevels: { users: { [alice.userId]: 100, [bob.userId]: 100, [carol.userId]: 50 } },
    });
    await world.join(roomId, bob, carol);
    const next = await upgrade(alice, roomId, '12', [bob.userId]);
    expect((await content(next, 'm.room.create'))?.additional_creators).toEqual([bob.userId]);
    expect(await content(next, 'm.room.power_levels')).toMatchObject({
      users: { [carol.userId]: 50 },
      events: { 'm.room.tombstone': 150 },
    });
    // They are not passed on by themselves.
    const further = await upgrade(alice, next, '12');
    expect(await content(further, 'm.room.create')).not.toHaveProperty('additional_creators');
  });

  test('an upgrader with little power has enough to copy the room, and only as long as that takes', async () => {
    const { world, upgrade, content, alice, bob } = await setup(engine);
    const powerLevels = {
      users: { [alice.userId]: 100, [bob.userId]: 50 },
      events: { 'm.room.tombstone': 50, 'm.room.name': 90 },
    };
    const roomId = await world.room(alice, { version: '10', joinRule: 'public', name: 'x', powerLevels });
    await world.join(roomId, bob);
    const next = await upgrade(bob, roomId, '11');
    expect(await content(next, 'm.room.name')).toEqual({ name: 'x' });
    expect((await content(next, 'm.room.power_levels'))?.users).toEqual(powerLevels.users);
  });

  test('a space keeps its children but those that were taken out, and its type', async () => {
    const { world, upgrade, content, alice } = await setup(engine);
    const space = await world.room(alice, {
      type: 'm.space',
      state: [
        { type: 'm.space.child', stateKey: '!in:example.org', content: { via: ['example.org'] } },
        { type: 'm.space.child', stateKey: '!out:example.org', content: {} },
      ],
    });
    const next = await upgrade(alice, space, '12');
    expect((await content(next, 'm.room.create'))?.type).toBe('m.space');
    expect(await content(next, 'm.space.child', '!in:example.org')).toEqual({ via: ['example.org'] });
    expect(await content(next, 'm.space.child', '!out:example.org')).toBeUndefined();
  });

  test('aliases and the directory entry move to the new room', async () => {
    const { world, nidOf, upgrade, content, moved, listed, alice } = await setup(engine, [
      '#a:example.org',
      '#b:example.org',
    ]);
    const old = await world.room(alice);
    listed.add(await nidOf(old));
    await world.state(old, alice, 'm.room.canonical_alias', {
      alias: '#a:example.org',
      alt_aliases: ['#b:example.org', '#c:other.org'],
    });
    const next = await upgrade(alice, old, '12');
    expect(moved).toEqual([`${await nidOf(old)} ${await nidOf(next)}`]);
    expect([...listed]).toEqual([await nidOf(next)]);
    expect(await content(old, 'm.room.canonical_alias')).toEqual({ alt_aliases: ['#c:other.org'] });
    expect(await content(next, 'm.room.canonical_alias')).toEqual({
      alias: '#a:example.org',
      alt_aliases: ['#b:example.org'],
    });
  });

  test('settings follow each user of the old room when they first join the new one, once', async () => {
    const { world, upgrade, followed, alice, bob, carol } = await setup(engine);
    const old = await world.room(alice, { joinRule: 'public' });
    await world.join(old, bob);
    const next = await upgrade(alice, old, '12');
    await eventually(() => followed.length === 1);
    await world.join(next, bob, carol);
    await eventually(() => followed.length === 2);
    await world.leave(next, bob);
    await world.join(next, bob);
    expect(followed).toEqual([`${old} ${next} ${alice.userId}`, `${old} ${next} ${bob.userId}`]);
  });

  test('two upgrades at once by one user are one, a second user’s is refused', async () => {
    const { world, upgrade, alice, bob } = await setup(engine);
    const users = { [alice.userId]: 100, [bob.userId]: 100 };
    const roomId = await world.room(alice, { joinRule: 'public', powerLevels: { users } });
    await world.join(roomId, bob);
    const [first, second, third] = await Promise.allSettled([
      upgrade(alice, roomId, '12'),
      upgrade(alice, roomId, '12'),
      upgrade(bob, roomId, '12'),
    ]);
    expect(first.status).toBe('fulfilled');
    expect(second).toEqual(first);
    expect(third.status).toBe('rejected');
  });
});
