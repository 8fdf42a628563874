import { expect, test } from 'bun:test';
import * as contracts from '#api/client/old-sync.ts';
import type { Requester } from '#api/requester.ts';
import { encodeSyncToken } from '#platform/streams/index.ts';
import type { RoomId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { forEachEngine, type TestEngine } from '#test/storage.ts';
import { createWorld, refusal } from '#test/world.ts';
import { oldSyncFeature } from './index.ts';

async function setup(engine: TestEngine) {
  const world = await createWorld(engine);
  const ignoring = new Map<string, ReadonlySet<string>>();
  const roomData = new Map<RoomId, readonly { text: string }[]>();
  const { routes } = oldSyncFeature({
    ...world.rooms,
    reader: world.storage.reader,
    clock: world.clock,
    ignoredBy: async (userId) => ignoring.get(userId) ?? new Set(),
    accountData: async () => ({ global: [{ text: '{"type":"m.direct","content":{}}' }], rooms: roomData }),
    presence: async () => [{ text: '{"type":"m.presence","content":{"presence":"online"}}' }],
    isPublic: async () => true,
  });
  return {
    world,
    roomData,
    events: (as: Requester, query: JsonObject = {}, signal?: AbortSignal) =>
      world.call(routes, contracts.getEvents, { as, query, ...(signal && { request: { signal } }) }),
    one: (as: Requester, eventId: string) => world.call(routes, contracts.getOneEvent, { as, params: { eventId } }),
    initialSync: (as: Requester, query: JsonObject = {}) => world.call(routes, contracts.initialSync, { as, query }),
    ignore: (by: Requester, ...users: readonly Requester[]) =>
      ignoring.set(by.userId, new Set(users.map(({ userId }) => userId))),
    token: () => encodeSyncToken(world.streams.current()),
    alice: world.user('alice'),
    bob: world.user('bob'),
  };
}

const said = (chunk: readonly object[] | undefined): unknown[] =>
  (chunk ?? []).map((event) => {
    const { type, content } = event as { type: string; content: JsonObject };
    return content.body ?? content.membership ?? type;
  });

forEachEngine('/events', (engine) => {
  test('it gives what is new in the rooms the user is in, and how far that reaches', async () => {
    const { world, events, token, alice, bob } = await setup(engine);
    const [one, two] = [await world.room(alice), await world.room(alice)];
    const elsewhere = await world.room(bob);
    const from = token();
    await world.message(one, alice, '1');
    await world.message(elsewhere, bob, 'secret');
    await world.message(two, alice, '2');
    const page = await events(alice, { from, timeout: 0 });
    expect([said(page.chunk), page.start, page.end]).toEqual([['1', '2'], from, token()]);
    expect(page.chunk?.[0]).toMatchObject({ room_id: one });
    expect(await events(alice, { from: page.end!, timeout: 0 })).toEqual({
      chunk: [],
      start: page.end!,
      end: page.end!,
    });
  });

  test('it waits for something new', async () => {
    const { world, events, token, alice } = await setup(engine);
    const roomId = await world.room(alice);
    const from = token();
    const waiting = [events(alice, { from, timeout: 10_000 }), events(alice, { timeout: 10_000 })];
    await new Promise((resolve) => setTimeout(resolve, 50));
    await world.message(roomId, alice, 'new');
    for (const page of await Promise.all(waiting)) expect(said(page.chunk)).toEqual(['new']);
    const gone = new AbortController();
    const given = events(alice, { timeout: 10_000 }, gone.signal);
    gone.abort();
    expect((await given).chunk).toEqual([]);
  });

  test('more than a page of it comes in several, none twice and none left out', async () => {
    const { world, events, token, alice } = await setup(engine);
    const roomId = await world.room(alice);
    let from = token();
    await world.rooms.engine.append(
      roomId,
      Array.from({ length: 130 }, (_, index) => ({
        type: 'm.room.message',
        sender: alice.userId,
        content: { body: `${index}` },
      })),
    );
    const seen: unknown[] = [];
    for (;;) {
      const page = await events(alice, { from, timeout: 0 });
      if (page.chunk?.length === 0) break;
      seen.push(...said(page.chunk));
      from = page.end!;
    }
    expect(seen).toEqual(Array.from({ length: 130 }, (_, index) => `${index}`));
  });

  test('an invite comes, and after leaving nothing but the leaving', async () => {
    const { world, events, token, alice, bob } = await setup(engine);
    const roomId = await world.room(alice, { historyVisibility: 'joined' });
    let from = token();
    await world.message(roomId, alice, 'before');
    await world.invite(roomId, alice, bob);
    expect(said((await events(bob, { from, timeout: 0 })).chunk)).toEqual(['invite']);
    await world.join(roomId, bob);
    from = token();
    await world.leave(roomId, bob);
    await world.message(roomId, alice, 'after');
    expect(said((await events(bob, { from, timeout: 0 })).chunk)).toEqual(['leave']);
    from = token();
    await world.message(roomId, alice, 'later');
    expect(said((await events(bob, { from, timeout: 0 })).chunk)).toEqual([]);
  });

  test('what ignored users say does not come', async () => {
    const { world, events, ignore, token, alice, bob } = await setup(engine);
    const roomId = await world.room(alice, { joinRule: 'public' });
    await world.join(roomId, bob);
    const from = token();
    await world.message(roomId, bob, 'unwanted');
    await world.message(roomId, alice, 'wanted');
    ignore(alice, bob);
    expect(said((await events(alice, { from, timeout: 0 })).chunk)).toEqual(['wanted']);
  });

  test('one room can be looked into from outside only if it is world-readable', async () => {
    const { world, events, token, alice, bob } = await setup(engine);
    const open = await world.room(alice, { historyVisibility: 'world_readable' });
    const closed = await world.room(alice, { joinRule: 'public' });
    const [guest, invited, banned] = [
      world.user('guest', { isGuest: true }),
      world.user('invited'),
      world.user('banned'),
    ];
    await world.invite(closed, alice, invited);
    await world.ban(closed, alice, banned);
    const from = token();
    await world.message(open, alice, 'open');
    await world.message(closed, alice, 'closed');
    for (const user of [bob, guest]) {
      expect(said((await events(user, { from, room_id: open, timeout: 0 })).chunk)).toEqual(['open']);
      expect(said((await events(user, { from, timeout: 0 })).chunk)).toEqual([]);
    }
    for (const user of [bob, guest, invited, banned]) {
      expect(await refusal(events(user, { from, room_id: closed, timeout: 0 }))).toBe('403 M_FORBIDDEN');
    }
    expect(said((await events(alice, { from, room_id: closed, timeout: 0 })).chunk)).toEqual(['closed']);
    const waiting = events(bob, { room_id: open, timeout: 5_000 });
    await new Promise((resolve) => setTimeout(resolve, 30));
    await world.message(open, alice, 'later');
    await world.clock.advance(1_000);
    expect(said((await waiting).chunk)).toEqual(['later']);
  });

  test('a token that is none is refused, one of the future is not believed', async () => {
    const { world, events, token, alice } = await setup(engine);
    await world.room(alice);
    for (const from of ['x', 't1_1', 's-1', 's1_2']) {
      expect(await refusal(events(alice, { from, timeout: 0 }))).toBe('400 M_INVALID_PARAM');
    }
    expect((await events(alice, { from: 's999999999', timeout: 0 })).end).toBe(token());
  });
});

forEachEngine('an event by its id', (engine) => {
  test('it is shown to whoever may see it, and to others does not exist', async () => {
    const { world, one, alice, bob } = await setup(engine);
    const roomId = await world.room(alice, { joinRule: 'public', historyVisibility: 'joined' });
    const [banned, invited, other] = [world.user('banned'), world.user('invited'), world.user('other')];
    await world.join(roomId, bob, banned);
    const early = await world.message(roomId, alice, 'early');
    await world.leave(roomId, bob);
    await world.ban(roomId, alice, banned);
    await world.invite(roomId, alice, invited);
    const late = await world.message(roomId, alice, 'late');
    for (const user of [alice, bob, banned]) {
      expect(await one(user, early)).toMatchObject({ event_id: early, room_id: roomId, content: { body: 'early' } });
    }
    for (const user of [bob, banned, invited, other]) expect(await refusal(one(user, late))).toBe('404 M_NOT_FOUND');
    for (const id of ['$unknown', 'x', '$a\0b']) expect(await refusal(one(alice, id))).toBe('404 M_NOT_FOUND');
    await world.redact(roomId, alice, late);
    expect((await one(alice, late)).content).toEqual({});
    const open = await world.room(alice, { historyVisibility: 'world_readable' });
    expect(await one(other, await world.message(open, alice, 'open'))).toMatchObject({ content: { body: 'open' } });
    expect(await refusal(one(world.user('guest', { isGuest: true }), early))).toBe('403 M_GUEST_ACCESS_FORBIDDEN');
  });
});

forEachEngine('/initialSync', (engine) => {
  test('it tells of every room the user is in, and of invites', async () => {
    const { world, initialSync, events, token, roomData, alice, bob } = await setup(engine);
    const roomId = await world.room(alice, { joinRule: 'public', name: 'Name' });
    const inviting = await world.room(bob, { name: 'Secret' });
    await world.invite(inviting, bob, alice);
    await world.room(bob);
    for (const body of ['1', '2', '3']) await world.message(roomId, alice, body);
    roomData.set(roomId, [{ text: '{"type":"m.tag","content":{}}' }]);
    const answer = await initialSync(alice, { limit: 2 });
    expect(answer).toMatchObject({
      presence: [{ type: 'm.presence' }],
      account_data: [{ type: 'm.direct' }],
    });
    expect(answer.end).toBe(token());
    const rooms = new Map(answer.rooms.map((room) => [room.room_id, room]));
    expect([...rooms.keys()].sort()).toEqual([roomId, inviting].sort());
    expect(rooms.get(roomId)).toMatchObject({
      membership: 'join',
      visibility: 'public',
      account_data: [{ type: 'm.tag' }],
    });
    expect(said(rooms.get(roomId)?.messages?.chunk)).toEqual(['2', '3']);
    expect(rooms.get(roomId)?.state?.some(({ type }) => type === 'm.room.name')).toBe(true);
    expect(rooms.get(inviting)).toEqual({
      room_id: inviting,
      membership: 'invite',
      inviter: bob.userId,
      invite: expect.objectContaining({ type: 'm.room.member', state_key: alice.userId }),
    } as never);
    await world.message(roomId, alice, '4');
    expect(said((await events(alice, { from: answer.end, timeout: 0 })).chunk)).toEqual(['4']);
    expect(
      (await initialSync(alice, { limit: 0 })).rooms.find((room) => room.room_id === roomId)?.messages?.chunk,
    ).toEqual([]);
  });

  test('of rooms the user has left it tells on request, as they were then; of others nothing', async () => {
    const { world, initialSync, ignore, alice, bob } = await setup(engine);
    const roomId = await world.room(alice, { joinRule: 'public', name: 'old' });
    const [refused, forgotten, unwanted] = [
      await world.room(alice),
      await world.room(alice, { joinRule: 'public' }),
      await world.room(alice),
    ];
    await world.join(roomId, bob);
    await world.join(forgotten, bob);
    await world.invite(refused, alice, bob);
    await world.leave(refused, bob);
    await world.leave(forgotten, bob);
    const { nid } = (await world.rooms.directory.find(forgotten))!;
    await world.storage.transactor.commit((batch) => batch.add(world.rooms.members.forget(nid, bob.userId)));
    await world.message(roomId, alice, 'before');
    await world.ban(roomId, alice, bob);
    await world.message(roomId, alice, 'after');
    await world.state(roomId, alice, 'm.room.name', { name: 'new' });
    await world.invite(unwanted, alice, bob);
    ignore(bob, alice);
    expect((await initialSync(bob)).rooms).toEqual([]);
    ignore(bob);
    const { rooms } = await initialSync(bob, { archived: true });
    expect(rooms.map((room) => `${room.room_id} ${room.membership}`).sort()).toEqual(
      [`${roomId} ban`, `${unwanted} invite`].sort(),
    );
    const left = rooms.find((room) => room.room_id === roomId);
    expect(said(left?.messages?.chunk)).toContain('before');
    expect(JSON.stringify(left)).not.toContain('after');
    expect(left?.state?.find(({ type }) => type === 'm.room.name')?.content).toEqual({ name: 'old' });
    expect((await initialSync(world.user('other'), { archived: true })).rooms).toEqual([]);
  });
});
