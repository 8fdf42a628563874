import { expect, test } from 'bun:test';
import { setReadMarker } from '#api/client/read-markers.ts';
import { postReceipt } from '#api/client/receipts.ts';
import type { Requester } from '#api/requester.ts';
import type { EventId, RoomId } from '#protocol/identifiers/index.ts';
import type { JsonObject } from '#protocol/json.ts';
import { notifyingWorld } from '#test/notifying.ts';
import { accountDataIn } from '#test/slices.ts';
import { forEachEngine, type TestEngine } from '#test/storage.ts';
import { refusal } from '#test/world.ts';

type Type = 'm.read' | 'm.read.private' | 'm.fully_read';

async function setUp(engine: TestEngine) {
  const on = await notifyingWorld(engine);
  const { world, routes, receipts } = on;
  const [alice, bob] = [world.user('alice'), world.user('bob')];
  const roomId = await world.room(alice, { joinRule: 'public' });
  await world.join(roomId, bob);
  const { nid } = (await world.rooms.directory.find(roomId))!;
  const post = (as: Requester | undefined, receiptType: Type, eventId: EventId, body: JsonObject = {}, room = roomId) =>
    world.call(routes, postReceipt, { as, params: { roomId: room, receiptType, eventId }, body });
  /** What `reader` is told, `undefined` if nothing. */
  const told = async (reader: Requester, since?: number, upTo = world.streams.current(), from = receipts) => {
    const text = (await from.since(reader.userId, new Map([[roomId, nid]]), { since, upTo })).get(roomId);
    return text === undefined ? undefined : (JSON.parse(text) as JsonObject);
  };
  const fullyRead = (as: Requester) => accountDataIn(world).get(as.userId, { roomId, type: 'm.fully_read' });
  return { ...on, on, alice, bob, roomId, nid, post, told, fullyRead };
}

forEachEngine('receipts', (engine) => {
  test('a receipt is told to everybody in the room, once, and to those who come later', async () => {
    const { world, alice, bob, roomId, post, told, restarted, active } = await setUp(engine);
    const eventId = await world.message(roomId, alice);
    const since = world.streams.current();
    await world.rooms.joined.of(alice.userId);
    const woken = world.streams.waitForUser(alice.userId, since, 60_000, new AbortController().signal);
    await post(bob, 'm.read', eventId);
    await woken;
    expect(active).toEqual([bob.userId]);
    const content = { [eventId]: { 'm.read': { [bob.userId]: { ts: world.clock.now() } } } };
    expect(await told(alice, since)).toEqual(content);
    expect(await told(bob, since)).toEqual(content);
    expect(await told(alice, world.streams.current())).toBeUndefined();
    expect(await told(alice, since, since)).toBeUndefined();
    expect(await told(alice)).toEqual(content);
    const again = restarted().receipts;
    expect(await told(alice, since, world.streams.current(), again)).toEqual(content);
    expect(await told(alice, world.streams.current(), undefined, again)).toBeUndefined();
  });

  test('a receipt never moves back, and there is one for each thread', async () => {
    const { world, alice, bob, roomId, post, told } = await setUp(engine);
    const root = await world.message(roomId, alice);
    const relation = { rel_type: 'm.thread', event_id: root };
    const reply = await world.rooms.engine.send(roomId, {
      type: 'm.room.message',
      sender: alice.userId,
      content: { body: 'x', 'm.relates_to': relation },
    });
    const replyId = reply.event.eventId;
    const later = await world.message(roomId, alice);
    const ts = world.clock.now();
    await post(bob, 'm.read', later);
    const since = world.streams.current();
    await post(bob, 'm.read', root);
    await post(bob, 'm.read', later);
    expect(world.streams.current()).toBe(since);
    await post(bob, 'm.read', root, { thread_id: 'main' });
    await post(bob, 'm.read', replyId, { thread_id: root });
    expect(await told(alice)).toEqual({
      [later]: { 'm.read': { [bob.userId]: { ts } } },
      [root]: { 'm.read': { [bob.userId]: { ts, thread_id: 'main' } } },
      [replyId]: { 'm.read': { [bob.userId]: { ts, thread_id: root } } },
    });
  });

  test('where a threaded and an unthreaded receipt meet, the unthreaded one is told', async () => {
    const { world, alice, bob, roomId, post, told } = await setUp(engine);
    const eventId = await world.message(roomId, alice);
    await post(bob, 'm.read', eventId);
    await post(bob, 'm.read', eventId, { thread_id: 'main' });
    const unthreaded = { [eventId]: { 'm.read': { [bob.userId]: { ts: world.clock.now() } } } };
    expect(await told(alice)).toEqual(unthreaded);
    await post(alice, 'm.read', eventId, { thread_id: 'main' });
    await post(alice, 'm.read', eventId);
    expect((await told(bob)) as object).toMatchObject({
      [eventId]: { 'm.read': { [alice.userId]: { ts: world.clock.now() } } },
    });
    expect(JSON.stringify(await told(bob))).not.toContain('thread_id');
  });

  test('a private receipt is told to nobody else, wakes nobody else, and counts as read', async () => {
    const { world, alice, bob, roomId, nid, post, told, notifications } = await setUp(engine);
    const eventId = await world.message(roomId, alice);
    for (const user of [alice, bob]) await world.rooms.joined.of(user.userId);
    const unread = async () =>
      (await notifications.unread.countsFor(bob.userId, [nid])).get(nid)!.total.notificationCount;
    expect(await unread()).toBe(1);
    const since = world.streams.current();
    const stop = new AbortController();
    let isAliceWoken = false;
    const waiting = world.streams.waitForUser(alice.userId, since, 60_000, stop.signal).then(() => {
      isAliceWoken = !stop.signal.aborted;
    });
    await post(bob, 'm.read.private', eventId);
    expect(await unread()).toBe(0);
    expect(await told(alice, since)).toBeUndefined();
    expect(await told(alice)).toBeUndefined();
    expect(await told(bob, since)).toEqual({
      [eventId]: { 'm.read.private': { [bob.userId]: { ts: world.clock.now() } } },
    });
    stop.abort();
    await waiting;
    expect(isAliceWoken).toBe(false);
  });

  test('the further of both kinds of receipts counts', async () => {
    const { world, alice, bob, roomId, nid, post, notifications } = await setUp(engine);
    const ids: EventId[] = [];
    for (let n = 0; n < 4; n++) ids.push(await world.message(roomId, alice));
    const unread = async () =>
      (await notifications.unread.countsFor(bob.userId, [nid])).get(nid)!.total.notificationCount;
    await post(bob, 'm.read', ids[2]!);
    expect(await unread()).toBe(1);
    await post(bob, 'm.read.private', ids[0]!);
    expect(await unread()).toBe(1);
    await post(bob, 'm.read.private', ids[3]!);
    expect(await unread()).toBe(0);
  });

  test('the fully read marker is account data, and goes forward only', async () => {
    const { world, routes, alice, bob, roomId, post, told, fullyRead } = await setUp(engine);
    const [first, second] = [await world.message(roomId, alice), await world.message(roomId, alice)];
    const body = { 'm.fully_read': first, 'm.read': second, 'm.read.private': second };
    await world.call(routes, setReadMarker, { as: bob, params: { roomId }, body });
    expect(await fullyRead(bob)).toEqual({ event_id: first });
    const receipt = { [bob.userId]: { ts: world.clock.now() } };
    expect(await told(bob)).toEqual({ [second]: { 'm.read': receipt, 'm.read.private': receipt } });
    expect(await told(alice)).toEqual({ [second]: { 'm.read': receipt } });
    await post(bob, 'm.fully_read', second);
    await post(bob, 'm.fully_read', first);
    expect(await fullyRead(bob)).toEqual({ event_id: second });
    await world.call(routes, setReadMarker, { as: bob, params: { roomId }, body: {} });
  });

  test('markers move all or none', async () => {
    const { world, routes, alice, bob, roomId, told, fullyRead } = await setUp(engine);
    const eventId = await world.message(roomId, alice);
    const body = { 'm.read': eventId, 'm.fully_read': '$unknown' };
    expect(await refusal(world.call(routes, setReadMarker, { as: bob, params: { roomId }, body }))).toBe(
      '404 M_NOT_FOUND',
    );
    expect(await told(alice)).toBeUndefined();
    expect(await fullyRead(bob)).toBeUndefined();
  });

  test('receipts are for members of the room, and for events in it', async () => {
    const { world, routes, alice, bob, roomId, post } = await setUp(engine);
    const eventId = await world.message(roomId, alice);
    const eve = world.user('eve');
    const elsewhere = await world.room(eve);
    const foreign = await world.message(elsewhere, eve);
    expect(await refusal(post(eve, 'm.read', eventId))).toBe('403 M_FORBIDDEN');
    expect(await refusal(post(undefined, 'm.read', eventId))).toBe('401 M_MISSING_TOKEN');
    expect(await refusal(post(eve, 'm.read', eventId, {}, elsewhere))).toBe('404 M_NOT_FOUND');
    expect(await refusal(post(bob, 'm.read', foreign))).toBe('404 M_NOT_FOUND');
    expect(await refusal(post(bob, 'm.read', '$unknown' as EventId))).toBe('404 M_NOT_FOUND');
    expect(await refusal(post(bob, 'm.read', eventId, {}, '!unknown:example.org' as RoomId))).toBe('403 M_FORBIDDEN');
    const marker = { params: { roomId }, body: { 'm.read': eventId } };
    expect(await refusal(world.call(routes, setReadMarker, { ...marker, as: eve }))).toBe('403 M_FORBIDDEN');
    expect(await refusal(world.call(routes, setReadMarker, marker))).toBe('401 M_MISSING_TOKEN');
    await world.leave(roomId, bob);
    expect(await refusal(post(bob, 'm.read', eventId))).toBe('403 M_FORBIDDEN');
  });

  test('a bad thread id is refused', async () => {
    const { world, alice, bob, roomId, post } = await setUp(engine);
    const [root, other] = [await world.message(roomId, alice), await world.message(roomId, alice)];
    const relation = { rel_type: 'm.thread', event_id: root };
    const { event: reply } = await world.rooms.engine.send(roomId, {
      type: 'm.room.message',
      sender: alice.userId,
      content: { body: 'x', 'm.relates_to': relation },
    });
    const invalid = '400 M_INVALID_PARAM';
    expect(await refusal(post(bob, 'm.read', root, { thread_id: '' }))).toBe(invalid);
    expect(await refusal(post(bob, 'm.read', root, { thread_id: 5 }))).toBe(invalid);
    expect(await refusal(post(bob, 'm.read', other, { thread_id: root }))).toBe(invalid);
    expect(await refusal(post(bob, 'm.read', reply.eventId, { thread_id: 'main' }))).toBe(invalid);
    expect(await refusal(post(bob, 'm.fully_read', root, { thread_id: 'main' }))).toBe(invalid);
    // The root stands in both: in the main timeline, and at the head of its thread.
    expect(await refusal(post(bob, 'm.read', root, { thread_id: 'main' }))).toBe('no refusal');
    expect(await refusal(post(bob, 'm.read', root, { thread_id: root }))).toBe('no refusal');
  });
});
