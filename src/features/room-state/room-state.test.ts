import { expect, test } from 'bun:test';
import { roomInitialSync } from '#api/client/room-initial-sync.ts';
import * as contracts from '#api/client/rooms.ts';
import type { Requester } from '#api/requester.ts';
import { encodeSyncToken } from '#platform/streams/index.ts';
import type { RoomId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { encodeTimelineToken } from '#rooms/index.ts';
import { forEachEngine, type TestEngine } from '#test/storage.ts';
import { createWorld, refusal } from '#test/world.ts';
import { roomStateFeature } from './index.ts';

async function setup(engine: TestEngine) {
  const world = await createWorld(engine);
  const { visibility, current, timeline, members, clientEvents, streams } = world.rooms;
  const { routes } = roomStateFeature({
    visibility,
    current,
    timeline,
    members,
    clientEvents,
    streams,
    isPublic: async () => false,
    accountData: async () => ['{"type":"m.tag","content":{}}'],
    receipts: async () => ['{"type":"m.receipt","content":{}}'],
  });
  const all = (as: Requester, roomId: RoomId) => world.call(routes, contracts.getRoomState, { as, params: { roomId } });
  const one = (as: Requester, roomId: RoomId, eventType: string, stateKey?: string, format?: 'event' | 'content') =>
    world.call(routes, contracts.getRoomStateWithKey, {
      as,
      params: { roomId, eventType, ...(stateKey !== undefined && { stateKey }) },
      query: format === undefined ? {} : { format },
    });
  const memberList = async (as: Requester, roomId: RoomId, query: JsonObject = {}) => {
    const { chunk } = await world.call(routes, contracts.getMembersByRoom, { as, params: { roomId }, query });
    return chunk.map(({ state_key: key, content }) => `${key} ${(content as JsonObject).membership}`).sort();
  };
  const joinedMembers = (as: Requester, roomId: RoomId) =>
    world.call(routes, contracts.getJoinedMembersByRoom, { as, params: { roomId } });
  const event = (as: Requester, roomId: RoomId, eventId: string) =>
    world.call(routes, contracts.getOneRoomEvent, { as, params: { roomId, eventId }, query: {} });
  const initialSync = (as: Requester, roomId: RoomId) =>
    world.call(routes, roomInitialSync, { as, params: { roomId }, query: {} });
  const [alice, bob, carol] = [world.user('alice'), world.user('bob'), world.user('carol')];
  return { world, all, one, memberList, joinedMembers, event, initialSync, alice, bob, carol };
}

forEachEngine('room state', (engine) => {
  test('a member reads all state, one entry and its event, with and without a state key', async () => {
    const { world, all, one, alice } = await setup(engine);
    const roomId = await world.room(alice, {
      name: 'Name',
      state: [{ type: 'org.x', stateKey: 'k', content: { a: 1 } }],
    });
    expect((await all(alice, roomId)).map(({ type }) => type)).toEqual(
      expect.arrayContaining([
        'm.room.create',
        'm.room.member',
        'm.room.power_levels',
        'm.room.join_rules',
        'm.room.name',
      ]),
    );
    expect(await one(alice, roomId, 'm.room.name')).toEqual({ name: 'Name' });
    expect(await one(alice, roomId, 'm.room.name', '')).toEqual({ name: 'Name' });
    expect(await one(alice, roomId, 'org.x', 'k')).toEqual({ a: 1 });
    expect(await one(alice, roomId, 'm.room.member', alice.userId, 'event')).toMatchObject({
      type: 'm.room.member',
      room_id: roomId,
      sender: alice.userId,
      content: { membership: 'join' },
    });
    expect(await refusal(one(alice, roomId, 'org.x'))).toBe('404 M_NOT_FOUND');
  });

  test('nobody outside reads anything; who is invited neither', async () => {
    const { world, all, one, memberList, joinedMembers, event, initialSync, alice, bob } = await setup(engine);
    const roomId = await world.room(alice, { joinRule: 'public' });
    const message = await world.message(roomId, alice);
    const refused = async (as: Requester) => [
      await refusal(all(as, roomId)),
      await refusal(one(as, roomId, 'm.room.create')),
      await refusal(memberList(as, roomId)),
      await refusal(joinedMembers(as, roomId)),
      await refusal(initialSync(as, roomId)),
      await refusal(event(as, roomId, message)),
    ];
    const all5 = [...Array(5).fill('403 M_FORBIDDEN'), '404 M_NOT_FOUND'];
    expect(await refused(bob)).toEqual(all5);
    await world.invite(roomId, alice, bob);
    expect(await refused(bob)).toEqual(all5);
    const dave = world.user('dave');
    await world.ban(roomId, alice, dave);
    expect(await refused(dave)).toEqual(all5);
    expect(await refusal(all(bob, '!none:example.org' as RoomId))).toBe('403 M_FORBIDDEN');
  });

  test('a room readable by the world shows its state, but not its list of joined members', async () => {
    const { world, all, memberList, joinedMembers, event, alice, bob } = await setup(engine);
    const roomId = await world.room(alice, { historyVisibility: 'world_readable' });
    const message = await world.message(roomId, alice);
    expect((await all(bob, roomId)).length).toBeGreaterThan(4);
    expect(await memberList(bob, roomId)).toEqual([`${alice.userId} join`]);
    expect(await event(bob, roomId, message)).toMatchObject({ event_id: message, unsigned: { membership: 'leave' } });
    expect(await refusal(joinedMembers(bob, roomId))).toBe('403 M_FORBIDDEN');
  });

  for (const way of ['leaves', 'is kicked and later banned'] as const) {
    test(`who ${way} reads the state as it was when they went`, async () => {
      const { world, all, one, memberList, joinedMembers, alice, bob, carol } = await setup(engine);
      const roomId = await world.room(alice, { joinRule: 'public', historyVisibility: 'joined' });
      await world.join(roomId, bob);
      await world.state(roomId, alice, 'm.room.name', { name: 'before' });
      if (way === 'leaves') await world.leave(roomId, bob);
      else await world.membership(roomId, alice, bob, 'leave');
      await world.state(roomId, alice, 'm.room.name', { name: 'after' });
      await world.join(roomId, carol);
      if (way !== 'leaves') await world.ban(roomId, alice, bob);
      expect(await one(bob, roomId, 'm.room.name')).toEqual({ name: 'before' });
      expect(await one(alice, roomId, 'm.room.name')).toEqual({ name: 'after' });
      const then = [`${alice.userId} join`, `${bob.userId} leave`];
      expect(await memberList(bob, roomId)).toEqual(then);
      expect(await memberList(bob, roomId, { at: encodeSyncToken(world.streams.current()) })).toEqual(then);
      expect(JSON.stringify(await all(bob, roomId))).not.toContain('after');
      expect(await refusal(joinedMembers(bob, roomId))).toBe('403 M_FORBIDDEN');
    });
  }

  test('members are filtered by membership', async () => {
    const { world, memberList, alice, bob, carol } = await setup(engine);
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.join(roomId, bob);
    await world.leave(roomId, bob);
    await world.invite(roomId, alice, carol);
    expect(await memberList(alice, roomId, { membership: 'leave' })).toEqual([`${bob.userId} leave`]);
    expect(await memberList(alice, roomId, { not_membership: 'leave' })).toEqual([
      `${alice.userId} join`,
      `${carol.userId} invite`,
    ]);
  });

  test('members at a token are those of that moment', async () => {
    const { world, memberList, alice, bob } = await setup(engine);
    const roomId = await world.room(alice, { joinRule: 'public' });
    const then = world.streams.current();
    await world.message(roomId, alice);
    await world.join(roomId, bob);
    const before = [`${alice.userId} join`];
    expect(await memberList(alice, roomId, { at: encodeSyncToken(then) })).toEqual(before);
    expect(await memberList(alice, roomId, { at: encodeTimelineToken({ depth: 5, position: then }) })).toEqual(before);
    // A token of the room's very beginning, as a first sync of a short room gives it.
    expect(await memberList(alice, roomId, { at: encodeTimelineToken({ depth: 0, position: 0 }) })).toEqual(before);
    expect(await memberList(alice, roomId, { at: encodeSyncToken(then + 1000) })).toHaveLength(2);
    expect(await refusal(memberList(alice, roomId, { at: 'junk' }))).toBe('400 M_INVALID_PARAM');
  });

  test('joined members come with their profiles', async () => {
    const { world, joinedMembers, alice, bob } = await setup(engine);
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.membership(roomId, bob, bob, 'join', { displayname: 'Bob', avatar_url: 'mxc://example.org/b' });
    await world.invite(roomId, alice, world.user('carol'));
    expect(await joinedMembers(alice, roomId)).toEqual({
      joined: {
        [alice.userId]: { display_name: null, avatar_url: null },
        [bob.userId]: { display_name: 'Bob', avatar_url: 'mxc://example.org/b' },
      },
    });
  });

  test('an event is found by who may see it, in its own room only', async () => {
    const { world, event, alice, bob } = await setup(engine);
    const roomId = await world.room(alice, { joinRule: 'public', historyVisibility: 'joined' });
    const other = await world.room(alice);
    const before = await world.message(roomId, alice);
    await world.join(roomId, bob);
    const after = await world.message(roomId, alice);
    expect(await event(bob, roomId, after)).toMatchObject({ event_id: after, unsigned: { membership: 'join' } });
    expect(await refusal(event(bob, roomId, before))).toBe('404 M_NOT_FOUND');
    expect(await refusal(event(alice, other, before))).toBe('404 M_NOT_FOUND');
    expect(await refusal(event(alice, roomId, '$none'))).toBe('404 M_NOT_FOUND');
    expect(await refusal(event(alice, roomId, 'not an id'))).toBe('404 M_NOT_FOUND');
    await world.leave(roomId, bob);
    expect(await refusal(event(bob, roomId, await world.message(roomId, alice)))).toBe('404 M_NOT_FOUND');
  });

  test('the deprecated initialSync of a room shows state, latest events and account data', async () => {
    const { world, initialSync, alice } = await setup(engine);
    const roomId = await world.room(alice);
    for (let n = 0; n < 12; n++) await world.message(roomId, alice, `${n}`);
    const answer = await initialSync(alice, roomId);
    expect(answer).toMatchObject({ room_id: roomId, membership: 'join', visibility: 'private' });
    expect(answer.messages?.chunk).toHaveLength(10);
    expect(answer.account_data).toEqual([{ type: 'm.tag', content: {} }]);
    expect(answer.state?.length).toBe(5);
  });

  test('initialSync tells receipts to who is in the room, and not to who has left', async () => {
    const { world, initialSync, alice, bob } = await setup(engine);
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.join(roomId, bob);
    expect((await initialSync(bob, roomId)).receipts).toHaveLength(1);
    await world.leave(roomId, bob);
    expect((await initialSync(bob, roomId)).receipts).toEqual([]);
  });
});
