import { expect, test } from 'bun:test';
import { setTyping } from '#api/client/typing.ts';
import type { Requester } from '#api/requester.ts';
import type { RoomId, UserId } from '#protocol/identifiers/index.ts';
import { forEachEngine, type TestEngine } from '#test/storage.ts';
import { createWorld, refusal } from '#test/world.ts';
import { typingFeature } from './index.ts';

async function setUp(engine: TestEngine) {
  const world = await createWorld(engine);
  const active: UserId[] = [];
  const slice = typingFeature({ clock: world.clock, rooms: world.rooms, onActivity: (userId) => active.push(userId) });
  world.hooks.push(slice.hook);
  const [alice, bob] = [world.user('alice'), world.user('bob')];
  const roomId = await world.room(alice, { joinRule: 'public' });
  await world.join(roomId, bob);
  const put = (as: Requester | undefined, body: { typing: boolean; timeout?: number }, userId = as?.userId) =>
    world.call(slice.routes, setTyping, { as, params: { roomId, userId: userId! }, body });
  const told = (since: number | undefined, upTo = world.streams.current(), rooms: Iterable<RoomId> = [roomId]) => {
    const text = slice.typing.since(new Set(rooms), { since, upTo }).get(roomId);
    return text === undefined ? undefined : (JSON.parse(text) as { user_ids: string[] }).user_ids;
  };
  return { world, alice, bob, roomId, put, told, active };
}

forEachEngine('typing', (engine) => {
  test('is told to the room while it lasts, and when it ends', async () => {
    const { world, alice, bob, put, told, active } = await setUp(engine);
    const start = world.streams.current();
    expect(told(start)).toBeUndefined();
    await world.rooms.joined.of(bob.userId);
    const woken = world.streams.waitForUser(bob.userId, start, 60_000, new AbortController().signal);
    await put(alice, { typing: true, timeout: 10_000 });
    await woken;
    expect(told(start)).toEqual([alice.userId]);
    expect(told(undefined)).toEqual([alice.userId]);
    const typing = world.streams.current();
    expect(told(typing)).toBeUndefined();
    // Saying so again prolongs it and is no news.
    await world.clock.advance(9000);
    await put(alice, { typing: true, timeout: 10_000 });
    await world.clock.advance(9000);
    expect(world.streams.current()).toBe(typing);
    await put(bob, { typing: true });
    expect(told(typing)).toEqual([alice.userId, bob.userId]);
    await world.clock.advance(1000);
    expect(told(typing)).toEqual([bob.userId]);
    await put(bob, { typing: false });
    expect(told(typing)).toEqual([]);
    expect(told(undefined)).toBeUndefined();
    expect(active).toEqual([alice.userId, alice.userId, bob.userId, bob.userId]);
    await put(bob, { typing: false });
    expect(told(world.streams.current())).toBeUndefined();
  });

  test('lasts for two minutes at most, and not at all without time', async () => {
    const { world, alice, put, told } = await setUp(engine);
    await put(alice, { typing: true, timeout: 10_000_000 });
    await world.clock.advance(119_999);
    expect(told(undefined)).toEqual([alice.userId]);
    await world.clock.advance(1);
    expect(told(undefined)).toBeUndefined();
    const since = world.streams.current();
    await put(alice, { typing: true, timeout: -5 });
    await world.clock.advance(0);
    expect(told(since)).toEqual([]);
  });

  test('is told only of the rooms asked for, and only up to where the answer goes', async () => {
    const { world, alice, put, told } = await setUp(engine);
    const since = world.streams.current();
    await put(alice, { typing: true });
    expect(told(since, world.streams.current(), ['!other:example.org' as RoomId])).toBeUndefined();
    expect(told(since, since)).toBeUndefined();
  });

  test('is for members of the room, for themselves', async () => {
    const { world, alice, bob, roomId, put, told } = await setUp(engine);
    const since = world.streams.current();
    const eve = world.user('eve');
    expect(await refusal(put(eve, { typing: true }))).toBe('403 M_FORBIDDEN');
    expect(await refusal(put(bob, { typing: true }, alice.userId))).toBe('403 M_FORBIDDEN');
    expect(await refusal(put(undefined, { typing: true }, alice.userId))).toBe('401 M_MISSING_TOKEN');
    await put({ ...bob, isShadowBanned: true }, { typing: true });
    expect(told(since)).toBeUndefined();
    await put(bob, { typing: true });
    await world.leave(roomId, bob);
    expect(told(since)).toEqual([]);
  });
});
